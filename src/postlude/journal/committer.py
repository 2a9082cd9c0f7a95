"""Runs a writer's work: in a thread, or in a simulation's replacement."""

import logging
import threading
from queue import Empty, SimpleQueue
from typing import Final, Protocol

_log: Final = logging.getLogger(__name__)


class CommitWork(Protocol):
    """Writes and syncs what waits."""

    def __call__(self) -> None:
        """Everything that was added before."""
        ...


class Committer(Protocol):
    """Does a writer's work after it was woken, never twice at the same time."""

    def start(self, name: str, work: CommitWork) -> None:
        """From now on call `work` after every `wake`; one call may answer several. Called once.

        Where nothing wakes it for a while it may be called all the same.
        """
        ...

    def wake(self) -> None:
        """There is work. Returns at once; safe for every thread."""
        ...

    def stop(self) -> None:
        """Return after `work` ran once more for everything added before; then it never runs again."""
        ...


_LOOK_S: Final = 1.0


class CommitterThread:
    """The committer of every real writer."""

    def __init__(self) -> None:
        self._wakes: Final[SimpleQueue[bool]] = SimpleQueue()

    def start(self, name: str, work: CommitWork) -> None:
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

    def _woken(self) -> bool:
        """False at the end."""
        try:
            return self._wakes.get(timeout=_LOOK_S)
        except Empty:
            return True

    def _run(self) -> None:
        going = True
        while going:
            going = self._woken()
            try:
                self._work()  # also once more at the stop: what was submitted before it, and woke after it
            except Exception:  # noqa: BLE001 - without this thread all callers wait for ever
                _log.exception("journal: a batch was not committed")
