"""Caches that never grow beyond what they were given."""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class WeightedCache(Generic[K, V]):
    """Caches the most recently used values up to a total weight; always the newest one. Thread-safe."""

    def __init__(self, max_weight: int) -> None:
        self._max = max_weight
        self._weight = 0
        self._lock = threading.Lock()
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, now the one used last; None when there is none."""
        with self._lock:
            item = self._items.get(key)
            if item is None:
                return None
            self._items.move_to_end(key)
            return item[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Add `value`; the oldest are dropped when the weight is too high."""
        with self._lock:
            if key in self._items:
                self._weight -= self._items.pop(key)[1]
            self._items[key] = (value, weight)
            self._weight += weight
            while self._weight > self._max and len(self._items) > 1:
                self._weight -= self._items.popitem(last=False)[1][1]


class NumberCache:
    """Numbers by number (a key positive, both below 2^63), 16 bytes a place and never more. Not for several threads.

    Every key has one place, and who comes last has it: about the latest `places` keys are there, none is for certain.
    """

    def __init__(self, places: int) -> None:
        """`places`: a prime number spreads keys best."""
        self._places = places
        self._keys = array("q", bytes(8 * places))
        self._values = array("q", bytes(8 * places))

    def known(self, keys: Iterable[int]) -> dict[int, int]:
        """The values of those keys that are still there."""
        places, known, values = self._places, self._keys, self._values
        return {key: values[place] for key in keys if known[place := key % places] == key}

    def put(self, key: int, value: int) -> None:
        """Add `value`."""
        place = key % self._places
        self._keys[place], self._values[place] = key, value
