"""How finely it is counted what a mail server was given."""

from typing import Final

SLOT_S: Final = 360  # tenths of an hour: a window is at most that much longer than it says
_SLOT: Final = SLOT_S * 1_000_000


def slot_of(at: int) -> int:
    """The slot a time, in microseconds, lies in."""
    return at // _SLOT
