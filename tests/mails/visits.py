"""Hits of one person's browser, made shortly, for tests of verdicts over several hits."""

from typing import Final

from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint

S: Final = 1_000_000
NOON: Final = 1_800_000_000 * S
CHROME: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)


def visit(seconds: float, position: int = -1, copy: int = 10, address: str = "192.0.2.0", **facts: str) -> Hit:
    """So many seconds after NOON the pixel of a copy of message 1 is loaded, or the link at this position followed."""
    endpoint = HitEndpoint.PIXEL if position < 0 else HitEndpoint.LINK
    at = NOON + round(seconds * S)
    return Hit(at, endpoint, 1, 1, copy, position, "GET", CHROME, address, {}, facts)
