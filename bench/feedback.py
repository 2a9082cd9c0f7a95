"""Mails parsed a second on one core: `python bench/feedback.py ../shared/corpus/bounces/*.eml`."""

import sys
import time
from pathlib import Path

from postlude.feedback import parse


def main() -> None:
    mails = [Path(name).read_bytes() for name in sys.argv[1:]]
    best = min(_round(mails) for _ in range(5))
    size = sum(map(len, mails)) / len(mails) / 1000
    print(f"{len(mails)} mails of {size:.1f} kB on average: {len(mails) / best:,.0f} a second")


def _round(mails: list[bytes]) -> float:
    start = time.perf_counter()
    for raw in mails:
        parse(raw)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
