"""Instrumenting one message: HTML alone beside pytracking, whole messages by transfer encoding, hostile input.

Run: make bench-instrument   (or: python bench/instrument.py [--rounds 15])

Every round runs each row for a moment, one after the other, so that a busy machine slows them alike; CPU seconds of
this process are counted, and the medians of the rounds are shown. The peer gets the same HTML in the same round.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import hostile
import instrument_compiled
import newsletter
import pytracking
import pytracking.html
from result import table, write

from postlude.instrument import Policy, compile_message, instrument
from postlude.instrument import html_part as html
from postlude.instrument.edits import split_edited
from postlude.instrument.session import InstrumentSession
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

URLS = Urls(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://mail.example.org", Kind.MESSAGE, 77)
TOKEN = URLS.token(5)
PEER = pytracking.Configuration(
    base_open_tracking_url="https://mail.example.org/i/", base_click_tracking_url="https://mail.example.org/l/"
)
PAGE = newsletter.html()
MESSAGES = {name: newsletter.message(name) for name in ("8bit", "base64", "quoted-printable")}
Row = tuple[str, Callable[[], object], int]
"""Name, one piece of work, floor a second (0: none)."""


def one_off_html() -> bytes:
    session = InstrumentSession(Policy(), URLS)
    return TOKEN.encode().join(split_edited(PAGE, html.plan_html(PAGE, session, "utf-8").edits))


def whole(name: str) -> Callable[[], object]:
    return lambda: instrument(MESSAGES[name], Policy(), URLS, TOKEN)


def peer() -> str:
    return pytracking.html.adapt_html(PAGE, {"copy": 5}, configuration=PEER)


def one_off_rows() -> list[Row]:
    return [
        ("pytracking, HTML (rewrites only `<a>`, parses and writes all anew)", peer, 0),
        ("one-off, HTML", one_off_html, 1_400),
        ("one-off, whole message, 8bit", whole("8bit"), 1_200),
        ("one-off, whole message, base64", whole("base64"), 700),
        ("one-off, whole message, quoted-printable (aim: 1,000)", whole("quoted-printable"), 550),
    ]


SHAPES: list[Callable[[], list[Row]]] = [one_off_rows, instrument_compiled.rows]
"""What is measured a second; every entry adds its rows."""


def rate(work: Callable[[], object], seconds: float) -> float:
    count, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        work()
        count += getattr(work, "copies", 1)
    return count / spent


def measure(rows: list[Row], rounds: int) -> list[list[float]]:
    for _, work, _ in rows:
        work()
    return [[rate(work, 0.15) for _, work, _ in rows] for _ in range(rounds)]


def rates(rounds: int) -> str:
    rows = [row for shape in SHAPES for row in shape()]
    figures = measure(rows, rounds)
    lines = []
    for index, (name, _, floor) in enumerate(rows):
        median = statistics.median(one[index] for one in figures)
        ratio = statistics.median(one[index] / one[0] for one in figures)
        lines.append(
            [name, f"{median:,.0f}", f"{floor:,}" if floor else "", f"{ratio:,.1f}x" if "HTML" in name else ""]
        )
    return table(["work", "a second", "floor", "beside pytracking"], lines)


def adversarial() -> str:
    lines = []
    for name, make in hostile.SHAPES.items():
        once, twice = (fastest(make(size)) for size in (1_000_000, 2_000_000))
        lines.append([name, f"{once:.3f}", f"{twice / once:.1f}"])
    return table(["1 MB of", "CPU seconds", "2 MB : 1 MB"], lines)


def fastest(raw: bytes) -> float:
    """Of two, with the collector's pauses in it: objects made by the hundred thousand make those."""
    times = []
    for _ in range(2):
        started = time.process_time()
        compile_message(raw, Policy(text=True), URLS).render(TOKEN)
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    links = len(compile_message(MESSAGES["8bit"], Policy(), URLS).links)
    text = (
        f"A newsletter of {len(PAGE):,} bytes of HTML with {links} links (`bench/newsletter.py`), one core. Medians of "
        f"{options.rounds} interleaved rounds, CPU time; the ratio is the median of each round's own.\n\n"
        f"{rates(options.rounds)}\n\nHostile input (`bench/hostile.py`): a second is the limit, and twice the size "
        f"must take about twice the time.\n\n{adversarial()}"
    )
    write("instrument", "Instrumenting a message", "make bench-instrument", text)


if __name__ == "__main__":
    main()
