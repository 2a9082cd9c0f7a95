"""Opaque ids that cannot be counted or guessed one from another."""

import re
import secrets
import threading

ID_BITS = 63  # fits a signed 64-bit column in SQLite, PostgreSQL and DuckDB
_random = secrets.SystemRandom()
_ID_TEXT = re.compile(r"[0-9a-fA-F]{16}")


def new_id() -> int:
    """Return a random positive 63-bit id; 10^6 of them collide with a chance of 5 in 10^8."""
    while not (value := secrets.randbits(ID_BITS)):
        pass
    return value


def id_text(value: int) -> str:
    """The id as people and URLs of the web app see it: 16 hexadecimal digits."""
    return f"{value:016x}"


def parse_id(text: str) -> int | None:
    """Read `id_text` back; None when it is not one."""
    if not _ID_TEXT.fullmatch(text):
        return None
    value = int(text, 16)
    return value if 0 < value < 1 << ID_BITS else None


class OrderedIds:
    """Positive 63-bit ids that grow with time, for tables of millions of rows: a tree is filled at its end.

    Within one process they never repeat; two processes meet only in the same millisecond, with a chance of one in
    thousands for large runs, and the unique key detects it. Not secret: never in anything a recipient sees.
    """

    _SPACE = 20  # bits below the millisecond

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0

    def take(self, at: int, count: int) -> range:
        """`count` ids, for a moment in microseconds since the epoch."""
        start = (at // 1000 << self._SPACE) + secrets.randbits(self._SPACE - 1)
        with self._lock:
            start = max(start, self._next)
            self._next = start + count
        return range(start, start + count)


_RUN_BITS = 20


def id_run(count: int) -> list[int]:
    """Ascending 63-bit ids close to each other at a random place, with random gaps; at most 2^19 at once.

    For rows made by the thousand: a tree is filled in one place and not everywhere, and still an id reveals neither its
    neighbours nor their number.
    """
    start = secrets.randbits(ID_BITS - _RUN_BITS) << _RUN_BITS
    return sorted(start + low for low in _random.sample(range(1, 1 << _RUN_BITS), count))
