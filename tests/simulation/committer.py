"""A journal's committer in virtual time."""

from collections.abc import Callable
from random import Random

from simulation.clock import MICROS
from simulation.loop import VirtualLoop

_LATENCY: tuple[int, ...] = (0, 200, 1_000, 3_000, 40_000)  # microseconds from being woken to the write


class VirtualCommitter:
    """Does the writer's work some time after it was woken, in the process's own loop."""

    def __init__(self, loop: VirtualLoop, chance: Random) -> None:
        self._loop = loop
        self._chance = chance
        self._woken = False

    def start(self, name: str, work: Callable[[], None]) -> None:  # noqa: ARG002 - the port's signature
        """Begin."""
        self._work = work

    def wake(self) -> None:
        """There is work."""
        if not self._woken:
            self._woken = True
            self._loop.call_later(self._chance.choice(_LATENCY) / MICROS, self._run)

    def stop(self) -> None:
        """Do what is left."""
        self._work()

    def _run(self) -> None:
        self._woken = False
        self._work()
