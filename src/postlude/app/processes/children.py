"""Child processes of `postlude up`: started, watched, started again, and never left behind."""

import asyncio
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from socket import socket
from typing import Final

from postlude.kit.loop import Pauses, TaskLoop

log: Final = logging.getLogger("postlude.up")

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_STEADY_AFTER: Final = 60.0
_STOP_WITHIN: Final = 10.0


class Child:
    """One child process running `postlude NAME`, kept alive until `stop`.

    Its standard input is a pipe of ours: the child ends when the pipe closes, which the kernel does however we end.
    """

    def __init__(self, name: str, arguments: Sequence[str], descriptors: Sequence[int]) -> None:
        self.name: Final = name
        self._arguments = tuple(arguments)
        self._descriptors = tuple(descriptors)
        self._process: asyncio.subprocess.Process | None = None
        self._loop: Final = TaskLoop(name, self._watch, expected=(OSError,))
        self._pauses: Final = Pauses(_FIRST_PAUSE, _LONGEST_PAUSE)
        self._started = 0.0
        self._stopping = False
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the process and the task that keeps it running."""
        await self._spawn()
        self._loop.start()

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "postlude",
            self.name,
            "--child",
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            pass_fds=self._descriptors,
        )
        self._started = asyncio.get_running_loop().time()

    async def _watch(self) -> float:
        """Until the process ends; the next one is started after the pause."""
        if self._process is None:
            self.restarts += 1
            await self._spawn()
        assert self._process is not None
        code = await self._process.wait()
        if self._stopping:
            self._loop.end()
            return 0.0
        self._process = None
        if asyncio.get_running_loop().time() - self._started > _STEADY_AFTER:
            self._pauses.reset()
        pause = self._pauses.next()
        log.error("%s ended with code %d; starting it again in %.1f s", self.name, code, pause)
        return pause

    async def stop(self) -> None:
        """Ask the process to finish what it has accepted; after ten seconds it is killed."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            if process.stdin:
                process.stdin.close()
            try:
                async with asyncio.timeout(_STOP_WITHIN):
                    await process.wait()
            except TimeoutError:
                log.warning("%s did not stop in %.0f s: killed", self.name, _STOP_WITHIN)
                process.kill()
                await process.wait()
        await self._loop.stop()


async def start_child(
    stack: AsyncExitStack, name: str, sockets: Mapping[str, socket], arguments: Sequence[str] = ()
) -> Child:
    """Start `postlude NAME` with listening sockets by their flag; it stops with `stack`."""
    handed = {flag: sock.fileno() for flag, sock in sockets.items()}
    words = [word for flag, descriptor in handed.items() for word in (flag, str(descriptor))]
    child = Child(name, [*words, *arguments], tuple(handed.values()))
    await child.start()
    stack.push_async_callback(child.stop)
    return child
