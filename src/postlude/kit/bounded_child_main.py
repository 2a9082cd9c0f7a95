"""The child of `bounded_child`: sets its own limits, then runs the functions it is sent, one after another."""

import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any, Final

DONE, FAILED, ITEMS, END, NO_MEMORY, CANNOT = "done", "failed", "items", "end", "no memory", "cannot"
READY: Final = "ready"
LOADED: Final = "loaded"
IDLE_EXIT: Final = 0
_NICE: Final = 5
_DESCRIPTORS: Final = 64
_BATCH: Final = 500  # items of a stream in one message
WALL: Final = 4
"""Times the processor time a call may take from its beginning to its end: the machine has other work."""
_GRACE_S: Final = 0.5  # the parent measures as well and knows the reason; this is for a parent that died


def main() -> None:
    """`python -m postlude.kit.bounded_child_main PIPE MEMORY IDLE`: serve until the pipe closes or idling ends it."""
    pipe, memory, idle = Connection(int(sys.argv[1])), int(sys.argv[2]), float(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, _DESCRIPTORS))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear
    os.nice(_NICE)
    pipe.send(READY)
    while pipe.poll(idle):
        try:
            (function, args, kwargs), seconds = pipe.recv()
        except EOFError:
            break
        pipe.send(LOADED)  # unpickling has imported the function's module: that is not its own time
        _Work(pipe, seconds).run(function, args, kwargs)
    os._exit(IDLE_EXIT)


class _Work:
    """One function call."""

    def __init__(self, pipe: Connection, seconds: float) -> None:
        self._pipe = pipe
        self._seconds = seconds

    def run(self, function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        """Answer with the result, the items, or the exception."""
        try:
            self._alarm(on=True)
            result = function(*args, **kwargs)
            if isinstance(result, Iterator):
                self._stream(result)
            else:
                self._answer(DONE, result)
        except MemoryError:
            result = None
            self._answer(NO_MEMORY, None)
            os._exit(1)  # what could not be allocated may have left anything half done
        except Exception as error:  # noqa: BLE001 - it goes to the caller, whatever it is
            self._answer(FAILED, (type(error), error.args, error.__dict__))

    def _stream(self, items: Iterator[object]) -> None:
        while batch := list(islice(items, _BATCH)):
            self._answer(ITEMS, batch)
            self._alarm(on=True)
        self._answer(END, None)

    def _answer(self, kind: str, value: Any) -> None:  # noqa: ANN401 - whatever the function returns
        try:
            message = pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            message = pickle.dumps((CANNOT, f"{type(error).__name__}: {error}"))
        self._alarm(on=False)  # waiting for a slow reader is not the function's time
        self._pipe.send_bytes(message)

    def _alarm(self, *, on: bool) -> None:
        """SIGPROF and SIGALRM end the process, in native code as well."""
        signal.setitimer(signal.ITIMER_PROF, self._seconds if on else 0)
        signal.setitimer(signal.ITIMER_REAL, WALL * self._seconds + _GRACE_S if on else 0)


if __name__ == "__main__":
    main()
