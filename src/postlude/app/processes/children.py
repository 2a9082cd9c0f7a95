"""Child processes: started, watched, started again, and told to stop."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final, Protocol

from postlude.app.processes.supervised import ALIVE, FAILED, PROBLEM, STOP, STOP_S
from postlude.config import child_environment
from postlude.kit.loop import Pauses, TaskLoop
from postlude.model.child_report import ChildReport
from postlude.model.errors import PostludeError

log: Final = logging.getLogger("postlude.up")

HUNG_AFTER_S: Final = 40.0
"""A process whose event loop gave no sign of life for so long is killed."""
RECENT_S: Final = 600.0
"""So long it is told that a process was started again."""
_FIRST_SIGN_S: Final = 300.0  # loading programs from a cold, busy disk is not a hang
_LOOK_S: Final = 2.0
_OWN_SILENCE_S: Final = 10.0
_LOOK_FOR_WORK_S: Final = 1.0
_DUMP_S: Final = 2.0  # between the signal to say what it was doing and the one that ends it
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_STEADY_AFTER: Final = 60.0
_MOST_BYTES: Final = 1 << 16


class HandedOver(Protocol):
    """Binds what a child is started with."""

    def __call__(self) -> Awaitable[Mapping[str, socket.socket]]:
        """Listening sockets by their flag; InUseError while a port is taken. Asked at every start."""
        ...


class MoreArguments(Protocol):
    """What is known only when the child is started."""

    def __call__(self) -> tuple[str, ...]:
        """Further words of its command."""
        ...


class Wanted(Protocol):
    """Whether there is something for the child to do."""

    def __call__(self) -> Awaitable[bool]:
        """Asked while it does not run; whatever it raises is a reason to ask again later."""
        ...


async def no_sockets() -> Mapping[str, socket.socket]:
    """Of a child that listens nowhere."""
    return {}


def _nothing_more() -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class ChildSpec:
    """How one process is started."""

    name: str
    """In reports, and of its journal."""
    command: str
    """`postlude COMMAND`."""
    sockets: HandedOver
    arguments: tuple[str, ...] = ()
    stop_within_s: float = STOP_S
    more: MoreArguments = _nothing_more
    wanted: Wanted | None = None
    """None: always. Else it ends by itself, with code 0, when it has nothing left to do."""


class Child:
    """One child process, kept alive until `stop`; see `supervised` for the messages between the two."""

    def __init__(self, spec: ChildSpec) -> None:
        self.name: Final = spec.name
        self._spec: Final = spec
        self._process: asyncio.subprocess.Process | None = None
        self._socket: socket.socket | None = None
        self._loop: Final = TaskLoop(spec.name, self._round, expected=(OSError, PostludeError))
        self._tried: Final = asyncio.Event()
        self._pauses: Final = Pauses(_FIRST_PAUSE, _LONGEST_PAUSE)
        self._started = self._heard = 0.0
        self._next = 0.0
        self._signs = False
        self._stopping = False
        self._heard_why = self._trouble = ""
        self._how = ""
        self._ends: list[float] = []

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def problem(self) -> str:
        """Why it cannot be started, how it ended while it waits to be started again, or what it tells itself."""
        return self._loop.problem or (self._how if self.pid is None else self._trouble)

    async def start(self) -> None:
        """Start the process and the task that keeps it running; a process that cannot be started is tried again."""
        self._loop.start()
        if self._spec.wanted is None:
            await self._tried.wait()

    def report(self) -> ChildReport:
        """How it is now; from any thread."""
        now = monotonic()
        running = self.pid is not None
        return ChildReport(
            name=self.name,
            pid=self.pid or 0,
            restarts=sum(now - at < RECENT_S for at in self._ends),
            silent_s=now - self._heard if running and self._signs else 0.0,
            ended=self._how or self._loop.problem,
            ended_ago_s=now - self._ends[-1] if self._ends else 0.0,
            problem=self._trouble if running else "",
            next_try_s=0.0 if running else max(0.0, self._next - now),
        )

    def expect_end(self) -> None:
        """What ends from now on was told to, as by a signal to all processes of a terminal."""
        self._stopping = True

    async def stop(self) -> None:
        """Ask the process to finish what it has accepted; one that takes too long is killed."""
        self._stopping = True
        self._say_stop()
        ending = asyncio.create_task(self._loop.stop())
        if not (await asyncio.wait({ending}, timeout=self._spec.stop_within_s))[0]:
            log.warning("%s did not stop in %.0f s: killed", self.name, self._spec.stop_within_s)
            if self._process is not None:
                self._process.kill()
            else:
                await self._loop.cancel()
            await ending

    def _say_stop(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.send(STOP)

    async def _round(self) -> float:
        """From one start to the next."""
        if self._spec.wanted is not None and not await self._spec.wanted():
            return _LOOK_FOR_WORK_S
        try:
            await self._spawn()
        finally:
            self._tried.set()
        self._loop.worked()
        if self._stopping:
            self._say_stop()
        code = await self._until_it_ends()
        self._process = None
        self._hang_up()
        if self._stopping:
            self._loop.end()
            return 0.0
        if self._spec.wanted is not None and not code:
            self._how = ""
            self._pauses.reset()
            return _LOOK_FOR_WORK_S
        return self._again_after(code)

    def _again_after(self, code: int) -> float:
        now = monotonic()
        if now - self._started > _STEADY_AFTER:
            self._pauses.reset()
        pause = self._pauses.next()
        self._ends = [at for at in self._ends if now - at < RECENT_S] + [now]
        self._next = now + pause
        self._how = self._how_it_ended(code)
        level = logging.ERROR if code else logging.INFO  # told to end by another program, it ended in order
        log.log(level, "%s %s; starting it again in %.1f s", self.name, self._how, pause)
        return pause

    async def _spawn(self) -> None:
        handed = {flag: sock.fileno() for flag, sock in (await self._spec.sockets()).items()}
        words = [word for flag, descriptor in handed.items() for word in (flag, str(descriptor))]
        words += [*self._spec.arguments, *self._spec.more()]
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "postlude", self._spec.command, "--child", *words),
                stdin=theirs.fileno(),
                pass_fds=tuple(handed.values()),
                env=child_environment(),
            )
        self._socket, self._heard_why, self._trouble, self._signs = ours, "", "", False
        loop = asyncio.get_running_loop()
        self._started = self._heard = monotonic()
        loop.add_reader(ours, self._hear, ours)

    def _hear(self, sock: socket.socket) -> None:
        try:
            reported = sock.recv(_MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            reported = b""
        if not reported:
            asyncio.get_running_loop().remove_reader(sock)
        for line in reported.split(b"\n"):
            if line.startswith(FAILED):
                self._heard_why = line.removeprefix(FAILED).decode("utf-8", "replace")
            if line.startswith(PROBLEM):
                self._trouble = line.removeprefix(PROBLEM).decode("utf-8", "replace")
        if ALIVE in reported:
            self._heard, self._signs = monotonic(), True

    async def _until_it_ends(self) -> int:
        process = self._process
        assert process is not None
        looked = monotonic()
        while not await _ended_within(process, _LOOK_S):
            now, before = monotonic(), looked
            looked = now
            if now - before > _OWN_SILENCE_S:
                self._heard = now  # it was this process that stood still and heard nothing
            silent = now - self._heard
            if silent > (HUNG_AFTER_S if self._signs else _FIRST_SIGN_S) and not self._stopping:
                self._heard_why = f"gave no sign of life for {silent:.0f} s and was killed"
                log.error("%s gives no sign of life: it is killed", self.name)
                await self._kill(process)
        return await process.wait()

    async def _kill(self, process: asyncio.subprocess.Process) -> None:
        """First it may write what every thread was doing; a process that is stopped (SIGSTOP) only hears SIGKILL."""
        process.send_signal(signal.SIGABRT)
        if not await _ended_within(process, _DUMP_S):
            with suppress(ProcessLookupError):
                process.kill()

    def _how_it_ended(self, code: int) -> str:
        if code < 0 and not self._heard_why:
            return f"was ended by signal {-code}"
        if code < 0:
            return self._heard_why
        return f"ended with code {code}" + (f": {self._heard_why}" if self._heard_why else "")

    def _hang_up(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None


async def _ended_within(process: asyncio.subprocess.Process, seconds: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await process.wait()
            return True
    return False
