"""Returned mail read a second on one core, beside flufl.bounce when it is installed (it only looks for addresses).

`make bench-feedback`; the corpus of bounces must lie beside the project, else samples made here are read.
"""

import email
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from result import table, write

from postlude.feedback import parse

try:
    from flufl.bounce import scan_message
except ImportError:
    scan_message = None

CORPUS = Path(__file__).resolve().parents[2] / "shared/corpus/bounces"
FLOOR = 1200
ROUNDS = 7
WEIGHT = 50_000


def main() -> None:
    mails = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]
    if not mails:
        sys.exit("the corpus of bounces does not lie beside this checkout (../shared/corpus/bounces)")
    heavy = [raw + b"\r\n" + b"x" * 76 * (WEIGHT // 78) for raw in mails]  # our own mail sent back with it
    known = [address for address in _recipients() if address]
    ways: list[tuple[str, Callable[[bytes], object], Sequence[bytes]]] = [
        ("parse, nobody told who was mailed", parse, mails),
        (f"parse, told {len(known)} addresses", lambda raw: parse(raw, known=known), mails),
        ("parse, 50 kB of our own mail returned with each", parse, heavy),
    ]
    if scan_message is not None:
        ways.append(("flufl.bounce (addresses only)", lambda raw: scan_message(email.message_from_bytes(raw)), mails))
    best = {name: float("inf") for name, _, _ in ways}
    for _ in range(ROUNDS):  # interleaved: a busy moment hits every way alike
        for name, way, given in ways:
            best[name] = min(best[name], _round(way, given))
    rates = {name: len(mails) / seconds for name, seconds in best.items()}
    first = next(iter(rates.values()))
    rows = [[name, f"{rate:,.0f}", f"{rate / first:.2f}"] for name, rate in rates.items()]
    size = sum(map(len, mails)) / len(mails) / 1000
    text = f"{len(mails)} mails, {size:.1f} kB on average, best of {ROUNDS} interleaved rounds, one core.\n\n"
    text += table(["way", "mails/s", "ratio"], rows)
    slowest, worst = max((_seconds(raw), name) for name, raw in hostile())
    text += f"\n\nThe slowest of {len(list(hostile()))} hostile mails of 4 MB ({worst}): {slowest:.2f} s."
    text += f"\n\nFloor: {FLOOR} a second. {'Held' if first >= FLOOR else 'NOT held'}."
    write("feedback", "Reading what comes back", "make bench-feedback", text)


def hostile() -> Iterator[tuple[str, bytes]]:
    """Mails made to be slow: nothing ends, everything almost matches."""
    report = b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\nIt could not be delivered to\r\n"
    answer = b"From: bob@x.example\r\nSubject: Re: x\r\nIn-Reply-To: <a@b>\r\nContent-Type: text/html\r\n\r\n"
    for unit in (
        b"x",
        b"a@",
        b"<",
        b" ",
        b"\n",
        b"a.",
        b"/AAAA",
        b"user ",
        b"550 5.1.1 ",
        b"On Monday wrote:\n",
        b"<p>",
    ):
        yield f"report of {unit!r}", report + unit * (4_000_000 // len(unit))
        yield f"answer of {unit!r}", answer + unit * (4_000_000 // len(unit))


def _seconds(raw: bytes) -> float:
    start = time.process_time()
    parse(raw)
    return time.process_time() - start


def _recipients() -> list[str]:
    return sorted({finding.recipient for path in CORPUS.glob("*.eml") for finding in parse(path.read_bytes())})


def _round(way: Callable[[bytes], object], mails: Sequence[bytes]) -> float:
    start = time.process_time()
    for raw in mails:
        way(raw)
    return time.process_time() - start


if __name__ == "__main__":
    main()
