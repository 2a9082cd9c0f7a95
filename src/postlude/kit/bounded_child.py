"""Run functions in a child process with bounds of time and memory.

For work whose cost depends on its input: the kernel ends a child that runs too long, and gives it no more memory than
its limit; the parent is not affected. A child stays for the next call, so that a call costs a message and not an
interpreter's start.
"""

import atexit
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from enum import StrEnum
from multiprocessing.connection import Connection, Pipe
from typing import Any, Final, ParamSpec, TypeVar

from postlude.kit.bounded_child_main import CANNOT, DONE, END, FAILED, IDLE_EXIT, ITEMS, LOADED, NO_MEMORY, READY, WALL

P = ParamSpec("P")
T = TypeVar("T")

_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "1"}  # nothing of the parent's settings and secrets
_STARTS_WITHIN_S: Final = 30.0
_ENDS_WITHIN_S: Final = 5.0


class Bound(StrEnum):
    """What ended a call."""

    TIME = "time"
    MEMORY = "memory"  # also an end by a signal: native code aborts when it gets none
    RESULT = "result"  # the answer is larger than the parent takes
    BUSY = "busy"  # every child works, and went on working for as long as a call may take


class BoundExceededError(Exception):
    """The function exceeded a bound. Reduce its input; `bound` names what ran out."""

    def __init__(self, bound: Bound, text: str) -> None:
        super().__init__(text)
        self.bound: Final = bound


class _IdleEndedError(Exception):
    """The child had ended by itself when it was about to be asked."""


class BoundedChildren:
    """At most `children` processes with these limits, started when first needed. Safe for threads.

    Functions and arguments travel by pickle: a function is found by its module and name.
    """

    def __init__(
        self,
        *,
        seconds: float,
        memory_bytes: int,
        children: int = 2,
        idle_seconds: float = 120.0,
        result_bytes: int = 64 << 20,
    ) -> None:
        """`seconds`: processor time of a call, or of a batch of a stream. `memory_bytes`: address space of a child.

        From its beginning to its end a call takes at most WALL times its processor time.
        """
        self._seconds: Final = seconds
        self._memory: Final = memory_bytes
        self._idle_seconds: Final = idle_seconds
        self._result_bytes: Final = result_bytes
        self._free: Final[list[_Child]] = []
        self._places: Final = threading.BoundedSemaphore(children)
        self._lock: Final = threading.Lock()
        atexit.register(self.close)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`function(*args, **kwargs)` in a child; raises what it raises, BoundExceededError when it took too much."""
        while True:
            child = self._take()
            try:
                result: T = child.call((function, args, kwargs), self._seconds)
            except _IdleEndedError:
                continue
            finally:
                self._give_back(child)
            return result

    def stream(self, function: Callable[P, Iterator[T]], *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        """The items of a generator function, made as they are asked for; the child waits meanwhile."""
        while True:
            child = self._take()
            try:
                yield from child.stream((function, args, kwargs), self._seconds)
            except _IdleEndedError:
                continue
            finally:
                self._give_back(child)
            return

    def close(self) -> None:
        """End the children that wait for work. The next call starts new ones."""
        with self._lock:
            free, self._free[:] = list(self._free), []
        for child in free:
            child.end()

    def _take(self) -> "_Child":
        if not self._places.acquire(timeout=WALL * self._seconds):
            raise BoundExceededError(
                Bound.BUSY, f"all child processes were busy for {WALL * self._seconds:.0f} seconds"
            )
        try:
            with self._lock:
                while self._free:
                    child = self._free.pop()
                    if child.alive:
                        return child
                    child.end()
            return _Child(self._memory, self._idle_seconds, self._result_bytes)
        except BaseException:
            self._places.release()
            raise

    def _give_back(self, child: "_Child") -> None:
        if child.usable:
            with self._lock:
                self._free.append(child)
        else:
            child.end()
        self._places.release()


class _Child:
    """One process and the pipe to it. `usable` is False from the beginning of a call to its orderly end."""

    def __init__(self, memory_bytes: int, idle_seconds: float, result_bytes: int) -> None:
        self._result_bytes: Final = result_bytes
        self.usable = True
        ours, theirs = Pipe()
        self._pipe: Connection = ours
        try:
            self._process: Final = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    sys.executable,
                    "-m",
                    "postlude.kit.bounded_child_main",
                    str(theirs.fileno()),
                    str(memory_bytes),
                    str(idle_seconds),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_ENVIRONMENT | {"PYTHONPATH": ":".join(sys.path)},
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        if not self._is_ready():
            self.end()
            raise BoundExceededError(Bound.TIME, f"a child process did not start within {_STARTS_WITHIN_S:.0f} seconds")

    def _is_ready(self) -> bool:
        try:
            return self._pipe.poll(_STARTS_WITHIN_S) and self._pipe.recv() == READY
        except EOFError:
            return False

    @property
    def alive(self) -> bool:
        """False once it has ended, by itself after idling or otherwise."""
        return self._process.poll() is None

    def call(self, work: object, seconds: float) -> Any:  # noqa: ANN401 - whatever the function returns
        """The function's result."""
        self.usable = False
        self._send(work, seconds)
        kind, value = self._receive(seconds)
        if kind not in {DONE, FAILED}:
            raise self._ended(kind, value)
        self.usable = True
        if kind == FAILED:
            raise _error(value)
        return value

    def stream(self, work: object, seconds: float) -> Iterator[Any]:
        """The items of a generator function."""
        self.usable = False
        self._send(work, seconds)
        while True:
            kind, value = self._receive(seconds)
            if kind == ITEMS:
                yield from value
                continue
            if kind not in {END, FAILED}:
                raise self._ended(kind, value)
            self.usable = True
            if kind == FAILED:
                raise _error(value)
            return

    def end(self) -> None:
        """End the process, whatever it does."""
        self._pipe.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_ENDS_WITHIN_S)

    def _send(self, work: object, seconds: float) -> None:
        try:
            self._pipe.send((work, seconds))
        except OSError as error:
            raise self._died() from error
        if not self._pipe.poll(_STARTS_WITHIN_S):
            raise BoundExceededError(Bound.TIME, f"its code was not loaded within {_STARTS_WITHIN_S:.0f} seconds")
        try:
            told = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        assert told == LOADED

    def _receive(self, seconds: float) -> tuple[str, Any]:
        try:
            if not self._pipe.poll(WALL * seconds):
                raise BoundExceededError(Bound.TIME, f"it took longer than {WALL * seconds:.0f} seconds")
            received = self._pipe.recv_bytes(self._result_bytes)
        except EOFError as error:
            raise self._died() from error
        except OSError as error:
            raise BoundExceededError(Bound.RESULT, f"its result is larger than {self._result_bytes:,} bytes") from error
        kind, value = pickle.loads(received)  # noqa: S301 - from our own child, through a private pipe
        return kind, value

    def _ended(self, kind: str, value: object) -> BoundExceededError:
        if kind == NO_MEMORY:
            return BoundExceededError(Bound.MEMORY, "it needed more memory than it may have")
        assert kind == CANNOT
        return BoundExceededError(Bound.RESULT, f"its result cannot be handed over: {value}")

    def _died(self) -> Exception:
        code = self._process.wait(_ENDS_WITHIN_S)
        if code == IDLE_EXIT:
            return _IdleEndedError()
        if code in {-signal.SIGPROF, -signal.SIGALRM}:
            return BoundExceededError(Bound.TIME, "it took longer than it may")
        return BoundExceededError(Bound.MEMORY, f"it ended with code {code}: it probably got no more memory")


def _error(value: tuple[type[BaseException], tuple[object, ...], dict[str, object]]) -> BaseException:
    """The exception as it was, whatever its constructor takes."""
    kind, args, attributes = value
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error
