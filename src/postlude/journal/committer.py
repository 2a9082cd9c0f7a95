"""Runs a writer's work: in a thread, or in a simulation's replacement."""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, Protocol


class Committer(Protocol):
    """Does a writer's work after it was woken, never twice at the same time."""

    def start(self, name: str, work: Callable[[], None]) -> None:
        """From now on call `work` after every `wake`; one call may answer several. Called once."""
        ...

    def wake(self) -> None:
        """There is work. Returns at once; safe for every thread."""
        ...

    def stop(self) -> None:
        """Return after `work` ran once more for everything added before; then it never runs again."""
        ...


class CommitterThread:
    """The committer of every real writer."""

    def __init__(self) -> None:
        self._wakes: Final[SimpleQueue[bool]] = SimpleQueue()

    def start(self, name: str, work: Callable[[], None]) -> None:
        """Begin."""
        self._work = work
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is work."""
        self._wakes.put(True)  # noqa: FBT003 - the queue's own signature

    def stop(self) -> None:
        """End after what is there."""
        self._wakes.put(False)  # noqa: FBT003 - the queue's own signature
        self._thread.join()

    def _run(self) -> None:
        while self._wakes.get():
            self._work()
        self._work()  # what was submitted before the stop, and woke after it
