"""How much mail one copy's address takes: every recipient knows such an address."""

from collections import OrderedDict
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock

MAILS: Final = 100
"""A day; a long conversation has some dozens."""
BYTES: Final = 100 << 20
"""A day: four of the largest."""
_DAY: Final = 86_400 * MICROS_PER_SECOND
_REMEMBERED: Final = 20_000  # copies; about 200 bytes each


class Allowance:
    """Counts what came for each copy since the first of it, for a day. For one thread; forgotten at a restart."""

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._came: Final[OrderedDict[int, tuple[int, int, int]]] = OrderedDict()

    def take(self, copy: int, size: int) -> bool:
        """Count one more mail of `size` bytes, unless that is more than may come."""
        since, mails, total = self._of(copy)
        if mails >= MAILS or total + size > BYTES:
            return False
        self._came[copy] = (since, mails + 1, total + size)
        self._came.move_to_end(copy)
        while len(self._came) > _REMEMBERED:
            self._came.popitem(last=False)
        return True

    def is_spent(self, copy: int) -> bool:
        """Whether not even a small one may come."""
        _, mails, total = self._of(copy)
        return mails >= MAILS or total >= BYTES

    def _of(self, copy: int) -> tuple[int, int, int]:
        now = self._clock.now()
        since, mails, total = self._came.get(copy, (now, 0, 0))
        return (since, mails, total) if 0 <= now - since < _DAY else (now, 0, 0)
