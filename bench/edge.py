"""The edge beside nginx `empty_gif` with a buffered access log: the same load, one interleaved run, one core each.

    python bench/edge.py --rounds 5 --seconds 3 [--write]

Needs nginx and wrk. The server runs on core 0, the load on core 1. Quote the ratios: the machine is shared.
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

from edge_serve import CODEC

from postlude.tokens import Kind, Urls

HERE = Path(__file__).parent
NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/access.log combined buffer=64k flush=1s;
  keepalive_requests 1000000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ empty_gif; }} }}
}}
"""
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
SERVER, LOAD = "0", "1"


class Server:
    def __init__(self, name: str, pid: int, url: str) -> None:
        self.name, self.pid, self.url = name, pid, url

    def cpu(self) -> float:
        total = 0
        for pid in (self.pid, *children(self.pid)):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def load(server: Server, connections: int, seconds: float) -> dict[str, float]:
    before, began = server.cpu(), time.perf_counter()
    command = ["taskset", "-c", LOAD, "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", server.url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wall, cpu = time.perf_counter() - began, server.cpu() - before
    requests = int(re.search(r"(\d+) requests in", text)[1])
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text) or re.search(r"Socket errors: (.*)", text)
    if bad and "0, read 0, write 0, timeout 0" not in bad[0]:
        print(f"{server.name}: {bad[0]}", file=sys.stderr)
    result = {"rate": requests / wall, "cpu_us": cpu / requests * 1e6}
    for share in ("50", "99"):
        value, unit = re.search(rf"{share}%\s+([\d.]+)(us|ms|s|m)", text).groups()
        result[f"p{share}"] = float(value) * UNITS[unit]
    return result


def start(command: list[str], port: int) -> subprocess.Popen:
    process = subprocess.Popen(["taskset", "-c", SERVER, *command], cwd=HERE)
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).read()
        except OSError:
            time.sleep(0.05)
        else:
            return process
    raise SystemExit(f"{command} does not answer")


def servers(folder: Path, wanted: list[str], processes: list[subprocess.Popen]) -> list[Server]:
    urls = Urls(CODEC, "", Kind.CAMPAIGN, 4711)
    token = urls.token(0x1234567890ABCDEF)
    paths = {
        "pixel": token.join(urls.pixel()),
        "link": token.join(urls.link(3, "https://www.example.com/autumn/offer?id=42&ref=mail")),
    }
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=18080))
    processes.append(start(["nginx", "-c", str(conf), "-e", str(folder / "error.log")], 18080))
    found = [Server("nginx", processes[-1].pid, "http://127.0.0.1:18080" + paths["pixel"])]
    for i, disk in enumerate(dict.fromkeys({"slow": "slow", "nosync": "nosync"}.get(w, "real") for w in wanted)):
        port = 18081 + i
        serve = [sys.executable, "edge_serve.py", str(port), str(folder / "journal"), "--disk", disk]
        processes.append(start(serve, port))
        for name in wanted:
            if {"slow": "slow", "nosync": "nosync"}.get(name, "real") == disk:
                path = paths["link" if name == "link" else "pixel"]
                found.append(Server(name, processes[-1].pid, f"http://127.0.0.1:{port}{path}"))
    return found


def table(results: dict[tuple[str, int], list[dict[str, float]]]) -> str:
    rows = ["| what | connections | requests/s | ratio to nginx | p50 ms | p99 ms | CPU us | CPU ratio |"]
    rows.append("|---|---|---|---|---|---|---|---|")
    for (name, connections), runs in results.items():
        base = results["nginx", connections]
        ratio = median(run["rate"] / other["rate"] for run, other in zip(runs, base, strict=True))
        cpu = median(run["cpu_us"] / other["cpu_us"] for run, other in zip(runs, base, strict=True))
        mid = {key: median(run[key] for run in runs) for key in runs[0]}
        rows.append(
            f"| {name} | {connections} | {mid['rate']:,.0f} | {ratio:.2f} | {mid['p50']:.2f} | {mid['p99']:.2f} "
            f"| {mid['cpu_us']:.1f} | {cpu:.2f} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, nargs="+", default=[256, 64, 8])
    parser.add_argument("--what", nargs="+", default=["pixel", "link", "slow", "nosync"])
    parser.add_argument("--write", action="store_true", help="write bench/results/edge.md")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="edge-", dir=HERE / "results"))
    processes: list[subprocess.Popen] = []
    results: dict[tuple[str, int], list[dict[str, float]]] = {}
    try:
        faces = servers(folder, options.what, processes)
        for _ in range(options.rounds):
            for connections in options.connections:
                for server in faces:
                    results.setdefault((server.name, connections), []).append(
                        load(server, connections, options.seconds)
                    )
        memory = {server.name: f"{server.memory():.0f} MB" for server in faces[1:]}
    finally:
        for process in processes:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    report = (
        f"# The edge beside nginx\n\n{today}, {platform.machine()}, {os.cpu_count()} cores (shared), Python "
        f"{platform.python_version()}. `python {' '.join(sys.argv)}`; medians of {options.rounds} interleaved rounds "
        f"of {options.seconds} s.\n\n{table(results)}\n\nResident memory at the end: {memory}\n"
    )
    print(report)
    if options.write:
        (HERE / "results" / "edge.md").write_text(report)


if __name__ == "__main__":
    main()
