"""A log that a stranger cannot fill: one place in the code writes only so many lines a minute about one peer."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

_PLACES: Final = 10_000
_SECONDS: Final = 60.0


class LogLimit(logging.Filter):
    """A filter for a handler. Suppressed lines are counted and reported with the next line from the same place.

    Lines are grouped by the place in the code and by the record's `peer`, if it has one: 10 per minute and peer, 60 per
    place. Errors that carry a traceback count as any other line.
    """

    def __init__(
        self, *, of_peer: int = 10, of_place: int = 60, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._of_peer: Final = of_peer
        self._of_place: Final = of_place
        self._monotonic: Final = monotonic
        self._windows: Final[OrderedDict[tuple[str, int, str], _Window]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        now = self._monotonic()
        peer = str(getattr(record, "peer", ""))
        place = self._window(record, "", now)
        place.lines += 1
        allowed = place.lines <= self._of_place
        if peer:
            of_peer = self._window(record, peer, now)
            of_peer.lines += 1
            allowed = allowed and of_peer.lines <= self._of_peer
        if not allowed:
            place.held_back += 1
            return False
        if place.held_back:
            record.msg = f"{record.msg} ({place.held_back} more lines like this were not written)"
            place.held_back = 0
        return True

    def _window(self, record: logging.LogRecord, peer: str, now: float) -> "_Window":
        key = (record.pathname, record.lineno, peer)
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(now)
            while len(self._windows) > _PLACES:
                self._windows.popitem(last=False)
        elif now - window.since >= _SECONDS:
            window.since, window.lines = now, 0
        return window


class _Window:
    def __init__(self, since: float) -> None:
        self.since = since
        self.lines = 0
        self.held_back = 0
