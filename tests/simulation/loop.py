"""An event loop without sockets, threads and waiting: what is due is run, in order, when the driver says so."""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, TypeVar

from simulation.clock import MICROS, START, VirtualClock

T = TypeVar("T")
_TURNS: Final = 100_000  # at one moment: more is a loop that waits for something that cannot come
_THREAD_MICROS: Final = 3_000  # until what was given to a thread is done, at most


class VirtualLoop(asyncio.AbstractEventLoop):
    """One process's loop. Everything it needs from outside is the clock and chance."""

    def __init__(self, clock: VirtualClock, chance: Random) -> None:
        self._clock = clock
        self._chance = chance
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self.failures: list[str] = []
        """What a task or callback raised and nobody took."""

    def due(self) -> int | None:
        """When there is something to do: now or later, in microseconds; None: never."""
        if self._ready:
            return self._clock.now()
        while self._timers and self._timers[0][2].cancelled():
            heappop(self._timers)
        return round(self._timers[0][0] * MICROS) + START if self._timers else None

    def run_due(self) -> None:
        """Run what is due now, and what that makes due now."""
        for _ in range(_TURNS):
            if not self.within(self._turn):
                return
        raise AssertionError("a loop turns for ever at one moment")

    def _turn(self) -> bool:
        while self._timers and round(self._timers[0][0] * MICROS) + START <= self._clock.now():
            self._ready.append(heappop(self._timers)[2])
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()
        return bool(self._ready)

    def within(self, make: Callable[[], T]) -> T:
        """What `make` returns, called as if by this loop; loops may run within one another, as processes do."""
        outer = events._get_running_loop()
        task = asyncio.current_task(outer) if outer is not None else None
        if task is not None:
            asyncio.tasks._leave_task(outer, task)  # type: ignore[arg-type]
        events._set_running_loop(self)
        try:
            return make()
        finally:
            events._set_running_loop(outer)
            if task is not None:
                asyncio.tasks._enter_task(outer, task)  # type: ignore[arg-type]

    def drop(self) -> None:
        """End every task where it is. For a process that is dead: nobody sees what they still do."""
        for task in self._tasks:
            task.cancel()
        for _ in range(1000):
            try:
                self._timers.clear()
                self.run_due()
            except SystemExit:
                continue
            if all(task.done() for task in self._tasks):
                break
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.exception()

    # What asyncio asks of a loop.

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return events._get_running_loop() is self

    def is_closed(self) -> bool:
        return False

    def time(self) -> float:
        return self._clock.seconds()

    def call_soon(  # type: ignore[override]  # what it is called with is the caller's to fit
        self,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # as above

    def call_later(  # type: ignore[override]  # as above
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as above
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heappush(self._timers, (when, self._count, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Left where it is until its time."""

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=self)

    def create_task(self, coro: Coroutine[Any, Any, T], **named: Any) -> "asyncio.Task[T]":  # type: ignore[override]
        task = asyncio.Task(coro, loop=self, **named)
        self._tasks = [one for one in self._tasks if not one.done()]
        self._tasks.append(task)
        return task

    def run_in_executor(self, executor: object, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]  # noqa: ARG002 - asyncio's signature
        """A thread's work is done in one piece, a little later."""
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                if not future.cancelled():
                    future.set_exception(error)
            else:
                if not future.cancelled():
                    future.set_result(result)

        self.call_later(self._chance.randrange(_THREAD_MICROS) / MICROS, work)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failures.append(f"{context.get('message')}: {context.get('exception')!r}")
