"""A backlog is digested while the edge serves and the web app is used: `postlude up` as it is, all on the same cores.

    python bench/backlog.py [--hits 300000] [--no-result]

Fills the journal of a data folder with hits (200,000 copies, 60 user agents, 5,000 visitors), starts `postlude up`,
and until all is digested asks the web app for two pages by turns (every 100 ms) and the edge for pixels (16
connections, a pause between requests). The same load is measured again afterwards, with nothing to catch up.
"""

import argparse
import http.client
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

from result import table, write

from postlude.edge import records
from postlude.journal import JournalWriter
from postlude.kit.clock import SystemClock
from postlude.model.words import HitEndpoint, SendOutcome, Via
from postlude.store import AttemptResult, Batch, Copy, Message, Submission, open_store

HERE = Path(__file__).parent
POSTLUDE = Path(sys.executable).with_name("postlude")
MESSAGES, COPIES = 2000, 100
FIRST_PORT = int(os.environ.get("BENCH_PORT", "18700"))
PORTS = {name: FIRST_PORT + n for n, name in enumerate(("web", "edge", "relay", "inbound"))}
CLOCK = SystemClock()
PACED = 'wrk.headers["User-Agent"] = "Thunderbird/140"\ndelay = function() return 4 end\n'


def environment(folder):
    own = {f"POSTLUDE_{endpoint.upper()}_PORT": str(port) for endpoint, port in PORTS.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTLUDE_")}
    return kept | own | {"POSTLUDE_DATA": str(folder / "data")}


def up(folder):
    process = subprocess.Popen(
        [POSTLUDE, "up"], env=environment(folder), stdout=subprocess.DEVNULL, stderr=(folder / "log").open("ab")
    )
    until_up(folder)
    return process


def until_up(folder, seconds=120):
    """Return when the web app answers."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORTS['web']}/sign-in", timeout=5).read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit((folder / "log").read_text())


def prepare(folder, hits, edges=("edge-9",)):
    """Copies that were sent, and what their recipients did while nothing digested it."""
    first = up(folder)
    first.terminate()
    first.wait()
    chance, now = random.Random(7), CLOCK.now()
    ids = {number: [chance.getrandbits(62) | 1 for _ in range(COPIES)] for number in range(1, MESSAGES + 1)}
    with closing(open_store(f"sqlite:///{folder}/data/state.sqlite")) as store:
        owner = store.accounts.first_user()
        for number, copies in ids.items():
            message = Message(
                id=number, user=owner.id, message_id=f"m{number}@x", subject=f"Autumn {number}", sender="a@x.example",
                mail_from="", via=Via.CLI, created_at=now - 7200_000_000,
            )  # fmt: skip
            rows = tuple(Copy(one, number, f"r{one}@x.example") for one in copies)
            sent = [AttemptResult(one, SendOutcome.ACCEPTED, now - 7200_000_000, 1, message=number) for one in copies]
            store.digest.apply(Batch(submissions=[Submission(message, (), rows)], attempts=sent))
    agents = [f"Mozilla/5.0 (X11; Linux x86_64; rv:{n}.0) Gecko/20100101 Thunderbird/{n}.0" for n in range(100, 160)]
    ends = [
        records.tail(chance.choice(agents), f"192.{i // 250}.{i % 250}.0", {"accept-language": "en"}, {})
        for i in range(5000)
    ]
    payloads = [
        bytes([1, 1]) + number.to_bytes(8) + one.to_bytes(8) for number, copies in ids.items() for one in copies
    ]
    began = time.perf_counter()
    with ExitStack() as stack:
        journals = folder / "data" / "journal"
        writers = [stack.enter_context(closing(JournalWriter(journals, name, max_bytes=64 << 30))) for name in edges]
        gate = threading.Semaphore(40_000)
        done = lambda _result: gate.release()  # noqa: E731 - called for every record
        for i in range(hits):
            gate.acquire()
            at = now - 3600_000_000 + i * 300
            writers[i % len(writers)].submit(
                records.hit(at, (HitEndpoint.PIXEL, chance.choice(payloads), -1), "GET", chance.choice(ends)), done
            )
    print(f"{hits:,} hits in the journal after {time.perf_counter() - began:.0f} s", file=sys.stderr)


class Browser(threading.Thread):
    """Asks for two pages by turns, ten times a second, and keeps how long each took."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        link = subprocess.run(
            [POSTLUDE, "sign-in"], env=environment(folder), capture_output=True, text=True, check=True
        ).stdout.strip()
        connection = http.client.HTTPConnection("127.0.0.1", PORTS["web"], timeout=30)
        connection.request("GET", urlsplit(link).path)
        page = connection.getresponse()
        body = page.read().decode()
        cookie = page.headers.get("Set-Cookie", "")
        if not cookie:  # the link opens a page with one button
            connection.request(
                "POST", urlsplit(link).path, headers={"Content-Type": "application/x-www-form-urlencoded"}
            )
            page = connection.getresponse()
            body = page.read().decode()
            cookie = page.headers.get("Set-Cookie", "")
        assert cookie, (page.status, body[:300])
        self.cookie = cookie.partition(";")[0]
        self.took = []
        self.on = True

    def run(self):
        turn = 0
        while self.on:
            turn += 1
            self.ask("/" if turn % 2 else f"/messages/{turn % MESSAGES + 1:016x}")
            time.sleep(0.1)

    def ask(self, path):
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", PORTS["web"], timeout=60)
        connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            print(path, answer.status, file=sys.stderr)
        self.took.append((path == "/", (time.perf_counter() - began) * 1000))

    def stop(self):
        self.on = False
        self.join()
        sent = sorted(ms for first, ms in self.took if first)
        message = sorted(ms for first, ms in self.took if not first)
        return [f"{values[len(values) // 2]:.0f} / {values[len(values) * 99 // 100]:.0f}" for values in (sent, message)]


def load(folder, seconds):
    (folder / "paced.lua").write_text(PACED)
    url = f"http://127.0.0.1:{PORTS['edge']}/i/{'x' * 36}.gif"
    command = ["wrk", "-t1", "-c16", f"-d{seconds}", "--latency", "-s", str(folder / "paced.lua"), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def of_load(process):
    text = process.communicate()[0]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return f"{rate:,.0f}", f"{float(value) * {'us': 1e-3, 'ms': 1, 's': 1e3}[unit]:.1f}"


def digested(folder):
    with closing(open_store(f"sqlite:///{folder}/data/state.sqlite")) as store:
        return store.digest.outcomes().get("counted", 0)


def memory(pid):
    children = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", children)[1]) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hits", type=int, default=300_000)
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="backlog-", dir=HERE))
    process = None
    try:
        prepare(folder, options.hits)
        began = time.perf_counter()
        process = up(folder)
        browser = Browser(folder)
        browser.start()
        rates, edges = [], []
        while (now := digested(folder)) < options.hits:
            wrk = load(folder, 5)
            edges.append(of_load(wrk))
            rates.append((time.perf_counter() - began, now))
            print(f"{now:,} of {options.hits:,} after {rates[-1][0]:.0f} s", file=sys.stderr)
        took = time.perf_counter() - began
        during, peak = browser.stop(), memory(process.pid)
        edge = edges[len(edges) // 2]
        idle = Browser(folder)
        idle.start()
        quiet = of_load(load(folder, 5))
        after = idle.stop()
        heads = ["", "events/s digested", "page of all mail, p50 / p99 ms", "page of one message (100 copies)",
                 "edge answers/s of 16 paced connections", "p99 ms"]  # fmt: skip
        rows = [
            [f"catching up {options.hits:,}", f"{options.hits / took:,.0f}", *during, *edge],
            ["nothing to catch up", "", *after, *quiet],
        ]
        text = (
            f"{options.hits:,} hits were digested in {took:.0f} s, start-up within; load average "
            f"{os.getloadavg()[0]:.1f}. Peak memory of the app process {peak:.0f} MB.\n\n" + table(heads, rows)
        )
        if options.no_result:
            print(text)
        else:
            write(
                "backlog", "A backlog while everything runs", f"make bench-backlog (python {' '.join(sys.argv)})", text
            )
    finally:
        if process is not None:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
