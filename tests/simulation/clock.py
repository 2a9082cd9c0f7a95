"""Virtual time, and everything else a process asks the machine for, from the seed."""

import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import ModuleType

MICROS: Final = 1_000_000
# Far ahead of every file's real modification time: what is digested is old at once, so trimming really trims.
START: Final = 2_240_000_000 * MICROS


class VirtualClock:
    """The one clock of a simulation; the driver moves it."""

    def __init__(self) -> None:
        self.micros = START

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self.micros

    def seconds(self) -> float:
        """As `time.monotonic` and `time.perf_counter`."""
        return (self.micros - START) / MICROS


class SkewedClock:
    """The clock of a machine that is not quite right."""

    def __init__(self, clock: VirtualClock, ahead: int) -> None:
        self._clock = clock
        self.ahead: Final = ahead

    def now(self) -> int:
        """Microseconds since the epoch, as that machine believes."""
        return self._clock.now() + self.ahead


@contextmanager
def nothing_but(clock: VirtualClock, seed: int, sleep: Callable[[float], None]) -> Iterator[None]:
    """Inside, the program finds no other time and no other chance than the simulation's."""
    chance = random.Random(f"secrets {seed}")
    replaced: dict[tuple[ModuleType, str], Callable[..., object]] = {
        (secrets, "randbits"): chance.getrandbits,
        (secrets, "token_bytes"): lambda count=32: chance.randbytes(count),
        (secrets, "token_hex"): lambda count=32: chance.randbytes(count).hex(),
    }
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "postlude":
            for given, mine in (
                (time.monotonic, clock.seconds),
                (time.perf_counter, clock.seconds),
                (time.sleep, sleep),
            ):
                with suppress(StopIteration):
                    replaced[module, next(k for k, v in vars(module).items() if v is given)] = mine
    before = {place: getattr(*place) for place in replaced}
    for (module, name), value in replaced.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for (module, name), value in before.items():
            setattr(module, name, value)
