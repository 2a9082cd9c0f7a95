"""Caches expensive reports for twenty times as long as they took, so that viewing a page never slows the server."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple, TypeVar

from fastapi import Request

T = TypeVar("T")

_SHARE: Final = 20.0  # an answer that took a second is cached for twenty: at most 5 % of a core
_KEPT: Final = 200


class _Kept(NamedTuple):
    answer: object
    until: float


class ReportCache:
    """Caches answers for twenty times as long as they took. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Hashable, _Kept] = {}

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """The answer for `key`, at most that old."""
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and time.monotonic() < kept.until:
            return kept.answer  # type: ignore[return-value]  # what `ask` for this key gave
        began = time.monotonic()
        answer = ask()
        now = time.monotonic()
        with self._lock:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = _Kept(answer, now + _SHARE * (now - began))
        return answer


def report_cache_of(request: Request) -> ReportCache:
    """The one of the app that got `request`."""
    report_cache: ReportCache = request.app.state.report_cache
    return report_cache
