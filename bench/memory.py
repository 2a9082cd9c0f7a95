"""Does memory grow with what has passed? `postlude up` under mixed load for millions of events.

    python bench/memory.py [--millions 3] [--warm-up 0.5] [--no-result]

Hits on 200,000 copies with 64 user agents: most are in the journals before it begins, so that what is digested does not
depend on what the machine can serve besides, and wrk asks the edge for more all the time. Beside them, for every
20,000 events: 20 mails by the relay and on to a server on this machine, 10 bounces at the inbound listener, 20 pages of
the web app. So the mix is the same on every machine. Every few seconds: what has been digested, and the resident
megabytes of every process. After the warm-up a line is laid through them: megabytes a million events. Samples are
taken after the kernel was asked what is really resident (smaps_rollup).
"""

import argparse
import os
import random
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import closing, suppress
from email import policy
from pathlib import Path

import backlog
from after_restart import app_password, kill, start
from result import table, write

from postlude.app.build.common import build_parts
from postlude.store import Store, open_store
from postlude.tokens import Kind, TagPurpose, TokenCodec

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from chaos.node import settings_of
from servers.counting import Counting
from servers.example_mails import offer

ALLOWED_MB = 1.0
LOOK_S = 5.0
EVERY = 20_000
"""Events for which each of the other things is done once."""
MANY = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local turn = math.random(#paths)
request = function()
  turn = turn %% #paths + 1
  wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:" .. (100 + turn %% 64) .. ".0) Thunderbird/128.0"
  return wrk.format("GET", paths[turn])
end
delay = function() return 50 end
"""
BOUNCE = (
    "From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nThe mailbox is full.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    "Final-Recipient: rfc822; r{n}@x.example\r\nAction: failed\r\nStatus: 5.2.2\r\n"
    "Diagnostic-Code: smtp; 552 5.2.2 mailbox full\r\n--b--\r\n"
)


class Beside(threading.Thread):
    """Does something for every so many events until the end, and whatever it raises is counted."""

    def __init__(self, deed) -> None:
        super().__init__(daemon=True)
        self.deed, self.done, self.failed, self.events, self.on = deed, 0, 0, 0, True

    def run(self) -> None:
        while self.on:
            if self.done + self.failed > self.events // EVERY:
                time.sleep(0.3)
                continue
            try:
                self.deed(self.done)
                self.done += 1
            except (OSError, smtplib.SMTPException):
                self.failed += 1


def mail(login: tuple[str, str]):
    def deed(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", backlog.PORTS["relay"], timeout=30) as client:
            client.login(*login)
            for more in range(20):
                to = [f"m{number}-{more}@customer.test"]
                client.sendmail(login[0], to, offer(login[0], to).as_bytes(policy=policy.SMTP))

    return deed


def bounces(codec: TokenCodec, copies: list[int]):
    def deed(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", backlog.PORTS["inbound"], timeout=30) as client:
            for more in range(10):
                copy = copies[(number * 10 + more) % len(copies)]
                to = f"bounce+{codec.mint_tag(TagPurpose.BOUNCE, copy)}@postlude.localhost"
                client.sendmail("", [to], BOUNCE.format(to=to, n=copy))

    return deed


def pages(browser: backlog.Browser):
    def deed(number: int) -> None:
        for more in range(10):
            browser.ask("/")
            browser.ask(f"/messages/{(number * 10 + more) % backlog.MESSAGES + 1:016x}")

    return deed


def paths(folder: Path, store: Store) -> tuple[TokenCodec, list[int]]:
    """One pixel a copy, in a file; the copies."""
    codec = build_parts(settings_of(folder / "data")).codec
    copies = []
    with (folder / "paths").open("w") as file:
        for message in range(1, backlog.MESSAGES + 1):
            for copy in store.messages.copies(message):
                file.write(f"/i/{codec.mint_copy(Kind.MESSAGE, message, copy.id).read}.gif\n")
                copies.append(copy.id)
    random.Random(1).shuffle(copies)
    (folder / "many.lua").write_text(MANY % (folder / "paths"))
    return codec, copies


def resident(pid: int) -> dict[str, float]:
    """Megabytes by process: its command's name, and a number where there are several."""
    found: dict[str, float] = {}
    children = [one for task in Path(f"/proc/{pid}/task").glob("*/children") for one in task.read_text().split()]
    for one in [pid, *map(int, children)]:
        words = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
        name = next((w.decode() for w in words if w in {b"app", b"up", b"edge", b"relay", b"inbound", b"worker"}), "?")
        name = "app" if name == "up" else name
        lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        size = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Rss:"))
        found[name if name not in found else f"{name} {len(found)}"] = size
    return found


def slope(samples: list[tuple[int, float]]) -> float:
    """Of the line through the samples, y per million of x."""
    if len(samples) < 2:
        return 0.0
    mean_x = sum(x for x, _ in samples) / len(samples)
    mean_y = sum(y for _, y in samples) / len(samples)
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return 1e6 * sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


def watch(process: subprocess.Popen[bytes], folder: Path, events: int, samples, beside: list[Beside]) -> None:
    store = open_store(f"sqlite:///{folder}/data/state.sqlite")
    with closing(store):
        while (now := sum(store.digest.outcomes().values())) < events:
            for one in beside:
                one.events = now
            with suppress(OSError, StopIteration):
                for name, size in resident(process.pid).items():
                    samples[name].append((now, size))
            print(
                f"{now:,}", {name: f"{some[-1][1]:.1f}" for name, some in samples.items()}, file=sys.stderr, flush=True
            )
            if process.poll() is not None:
                raise SystemExit((folder / "log").read_text()[-3000:])
            time.sleep(LOOK_S)


def measured(folder: Path, events: int) -> tuple[dict[str, list[tuple[int, float]]], str]:
    samples: dict[str, list[tuple[int, float]]] = defaultdict(list)
    backlog.prepare(folder, events, ("edge-9", "edge-10"))
    login = app_password(folder)
    with closing(open_store(f"sqlite:///{folder}/data/state.sqlite")) as store:
        codec, copies = paths(folder, store)
    with Counting() as sink:
        process = start(folder, sink.port)
        beside: list[Beside] = []
        wrk = None
        try:
            backlog.until_up(folder)
            browser = backlog.Browser(folder)
            beside = [Beside(deed) for deed in (mail(login), bounces(codec, copies), pages(browser))]
            for one in beside:
                one.start()
            url = f"http://127.0.0.1:{backlog.PORTS['edge']}/"
            wrk = subprocess.Popen(
                ["wrk", "-t1", "-c32", "-d24h", "-s", str(folder / "many.lua"), url], stdout=subprocess.DEVNULL
            )
            watch(process, folder, events, samples, beside)
        finally:
            for one in beside:
                one.on = False
            if wrk is not None:
                wrk.kill()
                wrk.wait()
            kill(process)
        reported = (
            f"{sink.counts.total():,} mails left, {beside[1].done * 10:,} bounces came, {len(browser.took):,} pages; "
            f"{sum(one.failed for one in beside)} connections failed"
        )
    return samples, reported


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, default=3.0)
    parser.add_argument("--warm-up", type=float, default=0.5, help="millions of events that are not counted")
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="memory-", dir=os.environ.get("BENCH_DIR")))
    try:
        samples, beside = measured(folder, int(options.millions * 1e6))
    finally:
        shutil.rmtree(folder)
    rows, worst = [], 0.0
    for name, some in samples.items():
        warm = [one for one in some if one[0] >= options.warm_up * 1e6]
        grows = slope(warm)
        worst = max(worst, grows)
        first, last = (warm[0][1], warm[-1][1]) if warm else (0.0, 0.0)
        rows.append([name, f"{first:.1f}", f"{last:.1f}", f"{max(size for _, size in some):.1f}", f"{grows:+.2f}"])
    heads = ["process", "MB after the warm-up", "at the end", "at most", "MB more a million events"]
    text = (
        f"{options.millions:g} million events, of which {options.warm_up:g} million are the warm-up. {beside}. "
        f"Allowed: {ALLOWED_MB:.0f} MB a million.\n\n" + table(heads, rows)
    )
    if options.no_result:
        print(text)
    else:
        command = f"python bench/memory.py --millions {options.millions:g} --warm-up {options.warm_up:g}"
        write("memory", "Memory under mixed load", command, text)
    sys.exit(worst >= ALLOWED_MB)


if __name__ == "__main__":
    main()
