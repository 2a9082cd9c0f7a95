"""Wrong passwords get slower, then refused, so that nobody can try many."""

from collections import OrderedDict
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock

_FREE: Final = 5  # wrong passwords an address may give before it has to wait
_FIRST_PAUSE_S: Final = 30
_LONGEST_PAUSE_S: Final = 3600
_REMEMBERED: Final = 10_000


class Throttle:
    """Counts wrong passwords by the address they came from; a right one clears it.

    128-bit app passwords cannot be guessed anyway: this keeps the log readable and the machine free.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Seconds `address` has to wait before its next try, 0 when it may try now."""
        _, until = self._failures.get(address, (0, 0))
        return max(0, -((self._clock.now() - until) // MICROS_PER_SECOND))

    def failed(self, address: str) -> None:
        """A wrong password came from `address`."""
        count = self._failures.pop(address, (0, 0))[0] + 1
        pause = min(_FIRST_PAUSE_S << (count - _FREE), _LONGEST_PAUSE_S) if count >= _FREE else 0
        self._failures[address] = (count, self._clock.now() + pause * MICROS_PER_SECOND)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def passed(self, address: str) -> None:
        """A right password came from `address`."""
        self._failures.pop(address, None)
