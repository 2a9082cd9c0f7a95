"""Times as people read them. `static/live.js` counts on with the same steps."""

from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, to_datetime
from postlude.kit.time_zones import zone as zone_of

_STEPS: Final = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"), (30 * 86400, 86400, "d"))


def ago(at: int, now: int) -> str:
    """How long ago, short: `just now`, `4 min ago`, `2 d ago`; the date when it is more than a month."""
    seconds = max(0, (now - at) // MICROS_PER_SECOND)
    if seconds < 5:  # noqa: PLR2004 - too short to count
        return "just now"
    for limit, unit, name in _STEPS:
        if seconds < limit:
            return f"{seconds // unit} {name} ago"
    return to_datetime(at).strftime("%-d %b %Y")


def full_time(at: int) -> str:
    """The moment in UTC, to the second."""
    return to_datetime(at).strftime("%-d %B %Y, %H:%M:%S UTC")


def zone_time(at: int, zone: str) -> str:
    """The moment on a clock in `zone`: `25 November 2026, 09:30 Europe/Berlin`."""
    there = zone_of(zone)
    return f"{to_datetime(at).astimezone(there):%-d %B %Y, %H:%M} {there.key}"


def rough_duration(seconds: float) -> str:
    """How long, roughly: `40 s`, `12 min`, `3 h`, `4 d`."""
    for limit, unit, name in _STEPS:
        if seconds < limit:
            return f"{round(seconds / unit)} {name}"
    return f"{round(seconds / _STEPS[-1][1])} d"
