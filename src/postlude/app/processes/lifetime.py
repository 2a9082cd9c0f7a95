"""What a process does from its start to its end: entered in order, left in reverse."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self


class Lifetime:
    """An async context. `_start` puts what it begins on the stack; what it began ends when it fails."""

    def __init__(self) -> None:
        self._stack: Final = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop in reverse."""
        await self._stack.aclose()

    async def _start(self) -> None:
        raise NotImplementedError

    def _start_thread(self, name: str, work: Callable[[], object], stop: Callable[[], object]) -> None:
        """Let a thread work until the end, which calls `stop` and waits for it."""
        thread = threading.Thread(target=work, name=name)
        thread.start()

        async def end() -> None:
            stop()
            await asyncio.to_thread(thread.join)

        self._stack.push_async_callback(end)

    def _start_stoppable(
        self, name: str, work: Callable[[threading.Event], object], wake: Callable[[], object] = lambda: None
    ) -> None:
        """Let a thread work until an event is set; `wake` is called then, for what waits for something else."""
        stop = threading.Event()

        def end() -> None:
            stop.set()
            wake()

        self._start_thread(name, lambda: work(stop), end)
