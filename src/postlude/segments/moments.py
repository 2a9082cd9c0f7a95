"""Times in expressions: dates and lengths, as people write them."""

import re
from datetime import UTC, datetime
from typing import Final, NamedTuple

_DAY: Final = 86_400_000_000
_UNITS: Final = {"hour": _DAY // 24, "day": _DAY, "week": 7 * _DAY, "month": 30 * _DAY, "year": 365 * _DAY}
_SHORT: Final = {"h": "hour", "d": "day", "w": "week", "y": "year"}
_LENGTH: Final = re.compile(r"\s*(\d{1,5})\s*([a-z]+)\s*")
_LONGEST: Final = 100 * 365 * _DAY


def read_moment(text: str) -> int:
    """Microseconds since the epoch of `2026-01-31` or `2026-01-31T09:30` (UTC unless an offset is written).

    ValueError with the remedy.
    """
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is not a date: write 2026-01-31 or 2026-01-31T09:30") from None
    aware = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    try:
        return int(aware.timestamp()) * 1_000_000 + aware.microsecond
    except OverflowError:
        raise ValueError(f"{text!r} is too far away") from None


class LengthOfTime(NamedTuple):
    """Such as 30 days."""

    number: int
    unit: str
    """`hour`, `day`, `week`, `month` (of 30 days) or `year`."""

    @property
    def micros(self) -> int:
        """In microseconds."""
        return self.number * _UNITS[self.unit]


def read_length(text: str) -> LengthOfTime:
    """Reads `30d`, `12h`, `6 weeks`, `3 months`, `1 year`; ValueError with the remedy."""
    found = _LENGTH.fullmatch(text.lower())
    unit = found and _unit(found[2])
    if not found or not unit or not int(found[1]):
        raise ValueError(f"{text!r} is not a length of time: write 12h, 30d, 6w, 3 months or 1 year")
    read = LengthOfTime(int(found[1]), unit)
    if read.micros > _LONGEST:
        raise ValueError(f"{text!r} is longer than 100 years")
    return read


def _unit(word: str) -> str | None:
    one = word if word in _SHORT else word.removesuffix("s")
    one = _SHORT.get(one, one)
    return one if one in _UNITS else None
