"""Loops that repeat one step until they are stopped; a failed step does not end them.

`ThreadLoop` runs in a thread, `TaskLoop` in an event loop. A step does a little work and returns the seconds to wait
before the next one (0: at once). When it raises, the loop tries again after growing pauses; meanwhile `problem` holds
the reason, for status pages and commands.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic
from typing import Final, Generic, Protocol, Self, TypeVar

from postlude.kit.file_trouble import about_a_file, file_trouble

STANDS_STILL_S: Final = 45.0
"""A step of work that others wait for may last so long before it is told: then it probably never ends."""

_Step = TypeVar("_Step")
_T = TypeVar("_T")
_log: Final = logging.getLogger("postlude.loop")


class Troubled(Protocol):
    """A part that runs in the background and can be in trouble."""

    @property
    def problem(self) -> str:
        """Why it does not get on, in one sentence; empty when it does."""
        ...


class ErrorWords(Protocol):
    """Says an error in words."""

    def __call__(self, error: Exception, /) -> str:
        """One sentence or a part of one."""
        ...


class Pauses:
    """How long to wait after each failure in a row, in seconds: `first_s`, then twice as long up to `longest_s`."""

    def __init__(self, first_s: float = 1.0, longest_s: float = 10.0) -> None:
        self._first_s: Final = first_s
        self._longest_s: Final = longest_s
        self._next_s = first_s

    def next(self) -> float:
        """The pause after one more failure."""
        pause, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return pause

    def reset(self) -> None:
        """It worked: the next failure is a first one."""
        self._next_s = self._first_s


def error_text(error: Exception) -> str:
    """The error's text, else its class; of what the system says of a file also what to do."""
    if isinstance(error, OSError) and about_a_file(error):
        return file_trouble(error)
    return str(error) or type(error).__name__


class _Loop(Generic[_Step]):
    def __init__(
        self,
        name: str,
        step: _Step,
        *,
        expected: tuple[type[Exception], ...] = (),
        problem: str = "",
        pauses: Pauses | None = None,
        words: ErrorWords = error_text,
        delay_s: float = 0.0,
        patience_s: float = 0.0,
    ) -> None:
        """`name` appears in the log and names the thread or task.

        `expected` errors, and what the system says of a file, are logged in one line, others, which are bugs, with
        their traceback. `problem` is what a failure means to a person, put before the error's words. The first step is
        taken after `delay_s`. A step that lasts longer than `patience_s` (0: it may last) is a problem as well.
        """
        self.name: Final = name
        self._failure = ""
        self._patience_s: Final = patience_s
        self._fresh_until = float("inf")
        self._step: Final = step
        self._expected: Final = expected
        self._prefix: Final = problem or name
        self._pauses: Final = pauses or Pauses()
        self._words: Final = words
        self._delay_s: Final = delay_s
        self._logged: tuple[str, float] = ("", 0.0)

    @property
    def problem(self) -> str:
        """Why the last step failed, or that the one under way does not end; empty when neither is so."""
        late_s = monotonic() - self._fresh_until
        if self._failure or late_s <= 0:
            return self._failure
        return f"{self._prefix}: what is being done now has lasted for {late_s + self._patience_s:.0f} s"

    def worked(self, rest_s: float = 0.0) -> None:
        """Clear the problem that the last failure reported. Called after each step; a step that lasts calls it itself.

        `rest_s`: so long it may now wait for something to do, `inf` for as long as it likes.
        """
        if self._logged[0]:
            _log.info("%s works again", self.name)
            self._logged = ("", 0.0)
        self._failure = ""
        self._expect_within(rest_s)
        self._pauses.reset()

    def failed(self, error: Exception) -> float:
        """Log a failure and return the pause; the same failure after the same pause is not logged again."""
        known = about_a_file(error) or isinstance(error, self._expected)
        words = self._words(error) if known else f"{type(error).__name__}: {error}"
        self._failure = f"{self._prefix}: {words}"
        pause = self._pauses.next()
        if (words, pause) != self._logged:
            self._logged = (words, pause)
            _log.error(
                "%s step failed; retrying in %g s: %s", self.name, pause, words, exc_info=None if known else error
            )
        return pause

    def _expect_within(self, rest_s: float) -> None:
        self._fresh_until = monotonic() + rest_s + self._patience_s if self._patience_s else float("inf")


class ThreadLoop(_Loop[Callable[[], float]]):
    """A loop in the caller's thread."""

    def run(self, stop: threading.Event) -> None:
        """Run until `stop` is set; it ends a pause, not a step."""
        if self._delay_s:
            stop.wait(self._delay_s)
        while not stop.is_set():
            self._expect_within(0.0)
            try:
                pause = self._step()
            except Exception as error:  # noqa: BLE001 - nothing that fails once ends the loop
                pause = self.failed(error)
            else:
                self.worked(pause)
            if pause > 0:
                stop.wait(pause)
        self._expect_within(float("inf"))


class TaskLoop(_Loop[Callable[[], Awaitable[float]]]):
    """A loop in an event loop. As an async context it runs as its own task."""

    _task: asyncio.Task[None] | None = None
    _ended = False

    def end(self) -> None:
        """Called by a step: it was the last one."""
        self._ended = True

    def start(self) -> None:
        """Run as its own task until `stop`."""
        self._stop = asyncio.Event()
        self._task = asyncio.create_task(self.run(self._stop), name=self.name)

    async def stop(self) -> None:
        """End the task after the step under way; nothing when it was never started."""
        if self._task is not None:
            self._stop.set()
            await self._task

    async def cancel(self) -> None:
        """End the task at once, whatever its step waits for; nothing when it was never started."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; it ends a pause, not a step."""
        if self._delay_s:
            await stopped_within(stop, self._delay_s)
        while not stop.is_set() and not self._ended:
            self._expect_within(0.0)
            try:
                pause = await self._step()
            except Exception as error:  # noqa: BLE001 - nothing that fails once ends the loop
                pause = self.failed(error)
            else:
                self.worked(pause)
            if pause > 0:
                await stopped_within(stop, pause)
        self._expect_within(float("inf"))

    async def __aenter__(self) -> Self:
        """Start the task."""
        self.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """End after the step under way."""
        await self.stop()


class InBackground:
    """What a TaskLoop does, as an async context: begun when it is entered, ended after the step under way."""

    def __init__(self, loop: TaskLoop) -> None:
        self._loop: Final = loop

    @property
    def problem(self) -> str:
        """Why it does not get on, in one sentence; empty when it does."""
        return self._loop.problem

    async def __aenter__(self) -> Self:
        """Begin."""
        self._loop.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """End."""
        await self._loop.stop()


async def retried(name: str, call: Callable[[], Awaitable[_T]], expected: tuple[type[Exception], ...]) -> _T:
    """What `call` returns once it succeeds: after an expected error it is made again, after growing pauses."""
    pauses = Pauses()
    while True:
        try:
            return await call()
        except expected as error:
            pause = pauses.next()
            _log.error("%s failed; retrying in %g s: %s", name, pause, error)
            await asyncio.sleep(pause)


async def unless_stopped(stop: asyncio.Event, work: Coroutine[object, object, _T]) -> _T | None:
    """What `work` returns; None when `stop` is set first, and then the work is cancelled."""
    task, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for each in (task, stopping):
            each.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for `stop`, at most so many seconds; whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return stop.is_set()
    return True
