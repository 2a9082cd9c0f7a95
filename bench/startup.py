"""Start-up of `postlude up`: seconds to the first served request of each endpoint, and memory of all its processes.

Run: make bench-startup   (or: python bench/startup.py [--rounds 5])
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from result import table, write

POSTLUDE = Path(sys.executable).with_name("postlude")
ENDPOINTS = ("edge", "web", "relay", "inbound")
TIMEOUT = 30
NOTE = (
    "Seconds from the command to the first answered request of each endpoint (pages: `/healthz`, `/sign-in`; SMTP: the "
    "greeting), with an empty data folder and with the one just made. RSS adds up every process and counts shared "
    "pages once per process; PSS counts them once."
)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def http_served(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=TIMEOUT) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def smtp_served(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as s:
            s.settimeout(TIMEOUT)
            return s.recv(4).startswith(b"220")
    except OSError:
        return False


def wait(started: float, served) -> float:
    while not served():
        if time.perf_counter() - started > TIMEOUT:
            raise SystemExit("did not start")
        time.sleep(0.002)
    return time.perf_counter() - started


def tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += tree(int(child))
    return found


def memory(pid: int) -> tuple[float, float, int]:
    rss = pss = 0
    processes = tree(pid)
    for process in processes:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                rss += int(line.split()[1])
            elif line.startswith("Pss:"):
                pss += int(line.split()[1])
    return rss / 1024, pss / 1024, len(processes)


def one_round(data: str) -> dict[str, float]:
    ports = dict(zip(ENDPOINTS, free_ports(len(ENDPOINTS)), strict=True))
    env = {**os.environ, "POSTLUDE_DATA": data, **{f"POSTLUDE_{f.upper()}_PORT": str(p) for f, p in ports.items()}}
    started = time.perf_counter()
    process = subprocess.Popen([POSTLUDE, "up"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        figures = {
            "edge s": wait(started, lambda: http_served(ports["edge"], "/healthz")),
            "web s": wait(started, lambda: http_served(ports["web"], "/sign-in")),
            "relay s": wait(started, lambda: smtp_served(ports["relay"])),
            "inbound s": wait(started, lambda: smtp_served(ports["inbound"])),
        }
        time.sleep(1)
        figures["RSS MB"], figures["PSS MB"], figures["processes"] = memory(process.pid)
        return figures
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows: dict[str, list[dict[str, float]]] = {"first start": [], "started again": []}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as data:
            rows["first start"].append(one_round(data))
            rows["started again"].append(one_round(data))
    names = list(rows["first start"][0])
    medians = {name: [statistics.median(f[n] for f in figures) for n in names] for name, figures in rows.items()}
    text = table(
        [f"median of {options.rounds}", *names],
        [[name, *(f"{m:.2f}" if m < 10 else f"{m:.0f}" for m in figures)] for name, figures in medians.items()],
    )
    write("startup", "Start-up and memory of `postlude up`", "make bench-startup", NOTE + "\n\n" + text)


if __name__ == "__main__":
    main()
