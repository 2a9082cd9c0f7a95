"""Does a huge mail make others wait? Small mails flow through `postlude up`, and every few seconds one of 25 MB comes.

    python bench/huge_mail.py [--seconds 15] [--megabytes 25] [--no-result]

Small mails are handed in ten times a second, each by a client of its own, and a server on this machine says when it got
them. What is measured is each mail's whole way, from connecting to the relay to its arrival: first without, then with
huge mails of several kinds, by turns, so that the machine is the same for both.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import smtplib
import statistics
import sys
import tempfile
import threading
import time
from base64 import b64encode
from email import policy
from functools import partial
from pathlib import Path

import backlog
from after_restart import app_password, kill, start
from result import table, write

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from servers.counting import Counting
from servers.example_mails import offer

ALLOWED_MS = 200
HEAD = "From: {sender}\r\nTo: {to}\r\nSubject: Huge\r\nMIME-Version: 1.0\r\n"


def attachment(size: int) -> bytes:
    """A letter with a file: most of it is base64."""
    lines = b64encode(random.Random(1).randbytes(size * 3 // 4)).decode()
    wrapped = "\r\n".join(lines[i : i + 76] for i in range(0, len(lines), 76))
    return (
        'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n'
        '<p><a href="https://shop.example/a">See</a></p>\r\n--x\r\nContent-Type: application/zip\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{wrapped}\r\n--x--\r\n"
    ).encode()


def html(size: int) -> bytes:
    """A page as exports are: a table of many rows, with a link now and then."""
    row = "<tr><td style='color:#333'>Number {n}</td><td>{words}</td><td>{link}</td></tr>\r\n"
    rows, n, length = [], 0, 0
    while length < size:
        n += 1
        link = f"<a href='https://shop.example/{n}'>See</a>" if not n % 500 else "nothing"
        rows.append(row.format(n=n, words="seeds and tools for friends of the garden " * 4, link=link))
        length += len(rows[-1])
    return ("Content-Type: text/html\r\n\r\n<table>\r\n" + "".join(rows) + "</table>\r\n").encode()


def text(size: int) -> bytes:
    """A log as programs mail them."""
    line = "2026-11-30 12:00:00 backup[1234]: everything was read, nothing was changed, all is well\r\n"
    return ("Content-Type: text/plain\r\n\r\n" + line * (size // len(line))).encode()


KINDS = {"attachment": attachment, "HTML": html, "plain text": text}


class Flow:
    """Small mails, one after the other begins, whatever the former ones do."""

    def __init__(self, login: tuple[str, str], sink: Counting) -> None:
        self.login, self.sink, self.count = login, sink, 0

    def during(self, seconds: float, meanwhile) -> list[tuple[float, float]]:
        """Of each mail, the milliseconds until the relay's 250, and from there to its arrival."""
        took: list[tuple[float, float]] = []
        threads = []
        until = time.monotonic() + seconds
        other = threading.Thread(target=meanwhile)
        other.start()
        while time.monotonic() < until or other.is_alive():
            self.count += 1
            threads.append(threading.Thread(target=self._one, args=(self.count, took)))
            threads[-1].start()
            time.sleep(0.1)
        for thread in [other, *threads]:
            thread.join()
        return took

    def _one(self, number: int, took: list[tuple[float, float]]) -> None:
        to = f"small{number}@customer.test"
        began = time.monotonic()
        with smtplib.SMTP("127.0.0.1", backlog.PORTS["relay"], timeout=60) as client:
            client.login(*self.login)
            client.sendmail(self.login[0], [to], offer(self.login[0], [to]).as_bytes(policy=policy.SMTP))
            taken = time.monotonic()
        while not self.sink.counts[to]:
            if time.monotonic() > began + 60:
                raise SystemExit(f"{to} did not arrive")
            time.sleep(0.002)
        took.append(((taken - began) * 1000, (time.monotonic() - taken) * 1000))
        if os.environ.get("H12A_TRACE") and sum(took[-1]) > 100:
            print(f"SLOW {began:.3f} {taken:.3f} {time.monotonic():.3f} {took[-1]}", file=sys.stderr)


def hand_in(login: tuple[str, str], to: str, body: bytes) -> None:
    """In a process of its own: what it costs the client is not what is measured."""
    head = HEAD.format(sender=login[0], to=to).encode()
    with smtplib.SMTP("127.0.0.1", backlog.PORTS["relay"], timeout=120) as client:
        client.login(*login)
        client.sendmail(login[0], [to], head + body)


def huge(login: tuple[str, str], kind: str, body: bytes, times: int, sink: Counting) -> None:
    for number in range(times):
        to = f"huge-{kind.replace(' ', '-')}-{number}-{time.monotonic_ns()}@customer.test"
        client = multiprocessing.get_context("fork").Process(target=hand_in, args=(login, to, body))
        client.start()
        client.join()
        until = time.monotonic() + 120
        while not sink.counts[to] and time.monotonic() < until:
            time.sleep(0.05)
        if not sink.counts[to]:
            print(f"{to} did not arrive", file=sys.stderr)


def figures(took: list[tuple[float, float]]) -> list[str]:
    ordered = sorted(map(sum, took))
    numbers = statistics.median(ordered), ordered[len(took) * 99 // 100], ordered[-1]
    stages = (max(stage) for stage in zip(*took, strict=True))
    return [f"{len(took)}", *(f"{number:.0f}" for number in (*numbers, *stages))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--megabytes", type=int, default=25)
    parser.add_argument("--times", type=int, default=4, help="huge mails of each kind")
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="huge-mail-", dir=os.environ.get("BENCH_DIR")))
    rows, process = [], None
    worst = 0.0
    try:
        with Counting() as sink:
            process = start(folder, sink.port)
            time.sleep(5)
            login = app_password(folder)
            flow = Flow(login, sink)
            flow.during(3, lambda: None)
            for kind, make in KINDS.items():
                without = flow.during(options.seconds, lambda: None)
                body = make(options.megabytes * 1_000_000)
                took = flow.during(options.seconds, partial(huge, login, kind, body, options.times, sink))
                more = max(map(sum, took)) - max(map(sum, without))
                worst = max(worst, more)
                rows += [[f"before {kind}", *figures(without), ""], [kind, *figures(took), f"{more:+.0f}"]]
                print(rows[-2:], file=sys.stderr, flush=True)
    finally:
        if process is not None:
            kill(process)
        shutil.rmtree(folder)
    heads = [
        "huge mails meanwhile",
        "small mails",
        "median ms",
        "p99 ms",
        "longest ms",
        "longest to the 250",
        "longest from there",
        "more than without",
    ]
    reported = (
        f"{options.times} mails of {options.megabytes} MB of each kind while ten small ones a second are handed in. "
        f"Allowed: {ALLOWED_MS} ms more than the longest without.\n\n" + table(heads, rows)
    )
    if options.no_result:
        print(reported)
    else:
        command = f"python bench/huge_mail.py --seconds {options.seconds:g} --megabytes {options.megabytes}"
        write("huge_mail", "A huge mail beside small ones", command, reported)
    sys.exit(worst > ALLOWED_MS)


if __name__ == "__main__":
    main()
