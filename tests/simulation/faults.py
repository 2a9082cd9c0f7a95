"""When a process dies and what refuses it: asked at every step that touches a disk or a store."""

import errno
from collections.abc import Callable
from typing import Final

FULL: Final = errno.ENOSPC
BROKEN: Final = errno.EIO


class KilledError(SystemExit):
    """The process ends here, as by `kill -9`: nothing it would still do reaches a disk or anybody.

    A SystemExit, because that is what asyncio lets through.
    """


class Faults:
    """Those of one process. Every named step of it calls `step` before it is done, some also in its middle."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.dead = False
        self.takes_all = False
        """Its death is a power cut."""
        self._dies_in = 0
        self._dies_where = ""
        self._refusals: dict[str, tuple[int, int]] = {}
        self.refusals = 0
        self.before_death: Callable[[], None] = lambda: None
        """Called at the very moment the process dies."""

    def die_after(self, steps: int, where: str = "") -> None:
        """Die at the `steps`-th step from now (1: the next one) whose name begins with `where`."""
        self._dies_in, self._dies_where = steps, where

    def refuse(self, where: str, number: int, times: int) -> None:
        """The next `times` steps whose name begins with `where` fail with this errno."""
        self._refusals[where] = (number, times)

    def mend(self) -> None:
        """Nothing is refused any more, and the process lives on."""
        self._refusals.clear()
        self._dies_in, self.takes_all = 0, False

    def step(self, name: str) -> int:
        """Count one step. The errno it must fail with, 0 for none; raises when the process dies (or is dead)."""
        if self._dies_in and name.startswith(self._dies_where):
            self._dies_in -= 1
            if not self._dies_in and not self.dead:
                self._say(f"dies at {name}")
                self.kill()
        self.check_alive(name)
        for where, (number, times) in list(self._refusals.items()):
            if name.startswith(where):
                if times > 1:
                    self._refusals[where] = (number, times - 1)
                else:
                    del self._refusals[where]
                self._say(f"{name}: refused ({errno.errorcode[number]})")
                self.refusals += 1
                return number
        return 0

    def check_alive(self, name: str) -> None:
        """Raise when the process is dead."""
        if self.dead:
            raise KilledError(name)

    def dies_at(self, name: str) -> bool:
        """Whether the step that is begun next, with this name, is the last one; who asks does half of it first."""
        return self._dies_in == 1 and name.startswith(self._dies_where) and not self.dead

    def kill(self) -> None:
        """The process is dead from now on."""
        if not self.dead:
            self.before_death()
            self.dead = True
