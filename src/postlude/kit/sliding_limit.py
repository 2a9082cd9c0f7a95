"""At most so many acts of one key within the last so many seconds, whoever asks at the same time."""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND


class SlidingLimit:
    """Counts the acts of each key within a window that ends now. Thread-safe; lost when the process ends.

    No moment sees more than `most` acts in the `seconds` before it: a bucket that refills would allow twice as many in
    its first window. Of more than `places` keys the one that acted longest ago is forgotten; None: no key ever is.
    """

    def __init__(self, most: int, seconds: int, places: int | None) -> None:
        self._most: Final = most
        self._window: Final = seconds * MICROS_PER_SECOND
        self._places: Final = places
        self._lock: Final = threading.Lock()
        self._acts: Final[OrderedDict[Hashable, array[int]]] = OrderedDict()

    def take(self, key: Hashable, now: int) -> bool:
        """Count one act; False, and nothing counted, when `key` may not act now."""
        with self._lock:
            # Acts in the future were counted before the clock was set back.
            acts = array("q", (at for at in self._acts.pop(key, ()) if now - self._window < at <= now))
            allowed = len(acts) < self._most
            if allowed:
                acts.append(now)
            self._acts[key] = acts
            while self._places is not None and len(self._acts) > self._places:
                self._acts.popitem(last=False)
            return allowed

    def give_back(self, key: Hashable, taken_at: int) -> None:
        """Undo one `take` of that time: the act turned out not to count."""
        with self._lock:
            acts = self._acts.get(key)
            if acts is not None and taken_at in acts:
                acts.remove(taken_at)

    def forget(self, key: Hashable) -> None:
        """Begin anew with `key`."""
        with self._lock:
            self._acts.pop(key, None)
