"""The edge beside nginx `empty_gif` with a buffered access log: the same load, one interleaved run, one core each.

    python bench/edge.py [--rounds 9] [--seconds 1] [--write]        the table
    python bench/edge.py --memory 5000000 [--write]                  resident memory over that many hits

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
RESULTS = HERE / "results"
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
# A campaign's recipients one after another instead of one pixel again and again; both servers get the same.
MANY = """
local paths, n = {{}}, 0
for line in io.lines("{paths}") do
  paths[#paths + 1] = "GET " .. line .. " HTTP/1.1\\r\\nHost: t.example\\r\\n\\r\\n"
end
request = function() n = n % #paths + 1; return paths[n] end
"""
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
SERVER, LOAD = "0", "1"
DISK = {"slow": "slow", "nosync": "nosync"}
FLOORS = (  # what, connections, column, floor, aim; higher is better for ratios, lower for the rest
    ("pixel", 256, "ratio", 0.70, 0.85),
    ("pixel", 64, "ratio", 0.50, 0.70),
    ("link", 256, "ratio", 0.60, 0.75),
    ("slow", 256, "ratio", 0.30, None),
    ("pixel", 64, "p99", 6.0, 3.0),
    ("pixel", 8, "added", 1.0, 0.5),
    ("pixel", 256, "cpu", 1.5, 1.25),
)
WORDS = {
    "ratio": "requests/s to nginx's",
    "p99": "p99 ms",
    "added": "median ms above no sync",
    "cpu": "CPU a request to nginx's",
}


class Server:
    def __init__(self, name: str, pid: int, url: str, script: Path | None = None) -> None:
        self.name, self.pid, self.url, self.script = name, pid, url, script

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
    return [int(n) for thread in Path(f"/proc/{pid}/task").glob("*/children") for n in thread.read_text().split()]


def load(server: Server, connections: int, seconds: int) -> dict[str, float]:
    before, began = server.cpu(), time.perf_counter()
    command = ["taskset", "-c", LOAD, "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", server.url]
    if server.script:
        command[-1:] = ["-s", str(server.script), server.url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wall, cpu = time.perf_counter() - began, server.cpu() - before
    requests = int(re.search(r"(\d+) requests in", text)[1])
    if bad := re.search(r"(Non-2xx or 3xx responses: \d+|Socket errors: .*)", text):
        print(f"{server.name}, {connections} connections: {bad[0]}", file=sys.stderr)
    result = {"requests": requests, "rate": requests / wall, "cpu_us": cpu / requests * 1e6}
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


def many_pixels(folder: Path) -> Path:
    urls = Urls(CODEC, "", Kind.CAMPAIGN, 4711)
    lines = "".join(urls.token(copy).join(urls.pixel()) + "\n" for copy in range(1, 20_001))
    (folder / "paths").write_text(lines)
    script = folder / "many.lua"
    script.write_text(MANY.format(paths=folder / "paths"))
    return script


def servers(folder: Path, wanted: list[str], processes: list[subprocess.Popen]) -> list[Server]:
    urls = Urls(CODEC, "", Kind.CAMPAIGN, 4711)
    token = urls.token(0x1234567890ABCDEF)
    paths = {
        "pixel": token.join(urls.pixel()),
        "link": token.join(urls.link(3, "https://www.example.com/autumn/offer?id=42&ref=mail")),
    }
    script = many_pixels(folder) if "pixels" in wanted else None
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=18080))
    processes.append(start(["nginx", "-c", str(conf), "-e", str(folder / "error.log")], 18080))
    nginx = f"http://127.0.0.1:18080{paths['pixel']}"
    found = [Server("nginx", processes[-1].pid, nginx)]
    if script:
        found.append(Server("nginx, 20,000 URLs", processes[-1].pid, nginx, script))
    for i, disk in enumerate(dict.fromkeys(DISK.get(name, "real") for name in wanted)):
        port = 18081 + i
        serve = [sys.executable, "edge_serve.py", str(port), str(folder / "journal"), "--disk", disk]
        processes.append(start(serve, port))
        for name in wanted:
            if DISK.get(name, "real") == disk:
                url = f"http://127.0.0.1:{port}{paths['link' if name == 'link' else 'pixel']}"
                found.append(Server(name, processes[-1].pid, url, script if name == "pixels" else None))
    return found


class Table:
    """Runs by server and connections; every figure is the median of its rounds."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, int], list[dict[str, float]]] = {}

    def add(self, name: str, connections: int, run: dict[str, float]) -> None:
        self.runs.setdefault((name, connections), []).append(run)

    def figure(self, name: str, connections: int, column: str) -> float:
        runs = self.runs[name, connections]
        if column == "added":
            pairs = zip(runs, self.runs["nosync", connections], strict=True)
            return median(run["p50"] - other["p50"] for run, other in pairs)
        if column not in {"ratio", "cpu"}:
            return median(run[column] for run in runs)
        base = self.runs["nginx, 20,000 URLs" if name == "pixels" else "nginx", connections]
        key = {"ratio": "rate", "cpu": "cpu_us"}[column]
        return median(run[key] / other[key] for run, other in zip(runs, base, strict=True))

    def __str__(self) -> str:
        rows = ["| what | connections | requests/s | ratio to nginx | p50 ms | p99 ms | CPU us | CPU ratio |"]
        rows.append("|---|---|---|---|---|---|---|---|")
        for name, connections in self.runs:
            f = {key: self.figure(name, connections, key) for key in ("rate", "ratio", "p50", "p99", "cpu_us", "cpu")}
            rows.append(
                f"| {name} | {connections} | {f['rate']:,.0f} | {f['ratio']:.2f} | {f['p50']:.2f} | {f['p99']:.2f} "
                f"| {f['cpu_us']:.1f} | {f['cpu']:.2f} |"
            )
        return "\n".join(rows)

    def floors(self) -> str:
        rows = ["| what | connections | figure | measured | at least | aim |", "|---|---|---|---|---|---|"]
        for name, connections, column, floor, aim in FLOORS:
            needed = {(name, connections), ("nosync", connections)} if column == "added" else {(name, connections)}
            if needed <= set(self.runs):
                value = self.figure(name, connections, column)
                holds = value >= floor if column == "ratio" else value <= floor
                rows.append(
                    f"| {name} | {connections} | {WORDS[column]} | {value:.2f}{'' if holds else ' (missed)'} "
                    f"| {floor} | {aim or ''} |"
                )
        return "\n".join(rows)


def compare(options: argparse.Namespace, folder: Path, processes: list[subprocess.Popen]) -> str:
    table = Table()
    endpoints = servers(folder, options.what, processes)
    for endpoint in endpoints:
        load(endpoint, 64, 1)  # every server has answered before it is measured
    for _ in range(options.rounds):
        for connections in options.connections:
            for endpoint in endpoints:
                table.add(endpoint.name, connections, load(endpoint, connections, options.seconds))
    memory = ", ".join(
        f"{endpoint.name} {endpoint.memory():.0f} MB" for endpoint in endpoints if not endpoint.name.startswith("nginx")
    )
    return (
        f"medians of {options.rounds} interleaved rounds of {options.seconds} s; `slow`: the disk layer takes 2 ms "
        f"longer for each sync; `nosync`: answered without waiting for the disk; `pixels`: 20,000 different tokens.\n\n"
        f"{table.floors()}\n\n{table}\n\nResident memory at the end: {memory}.\n"
    )


def fill(options: argparse.Namespace, folder: Path, processes: list[subprocess.Popen]) -> str:
    """Resident memory of one edge while it takes many hits."""
    endpoint = next(endpoint for endpoint in servers(folder, ["pixels"], processes) if endpoint.name == "pixels")
    rows = ["| hits | resident MB |", "|---|---|", f"| 0 | {endpoint.memory():.1f} |"]
    hits = shown = 0
    while hits < options.memory:
        hits += int(load(endpoint, 256, 5)["requests"])
        if hits - shown >= options.memory / 10 or hits >= options.memory:
            rows.append(f"| {hits:,} | {endpoint.memory():.1f} |")
            shown = hits
    return "one edge, 256 connections, 20,000 different tokens.\n\n" + "\n".join(rows) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--connections", type=int, nargs="+", default=[256, 64, 8])
    parser.add_argument("--what", nargs="+", default=["pixel", "link", "slow", "nosync"], help="also: pixels")
    parser.add_argument("--memory", type=int, default=0, help="take this many hits and tell the memory instead")
    parser.add_argument("--write", action="store_true", help="write bench/results/edge.md or edge_memory.md")
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="edge-", dir=RESULTS))
    processes: list[subprocess.Popen] = []
    try:
        found = (fill if options.memory else compare)(options, folder, processes)
    finally:
        for process in processes:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)
    report = (
        f"# {'The memory of an edge' if options.memory else 'The edge beside nginx'}\n\n"
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {platform.machine()}, {os.cpu_count()} cores (shared), Python "
        f"{platform.python_version()}. `python {' '.join(sys.argv)}`; {found}"
    )
    print(report)
    if options.write:
        (RESULTS / ("edge_memory.md" if options.memory else "edge.md")).write_text(report)


if __name__ == "__main__":
    main()
