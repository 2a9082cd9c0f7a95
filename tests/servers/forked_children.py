"""Children of a forked `postlude up`: forked from it in turn, since what they would import is loaded already.

A start of four processes costs 4 s of processor, of which 3 s load programs. What only a started program shows is
tried by instances that are started as people start them (`real=True`).
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

_MODULE = (sys.executable, "-m", "postlude")
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGABRT)


class RunToItsEnd(Protocol):
    """Runs a program in this process, which ends with it."""

    def __call__(self, main: Callable[[], None], /) -> None: ...


class ForkedChild:
    """What `asyncio.create_subprocess_exec` gives, as far as it is used."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()
        self._descriptor = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def install(run: RunToItsEnd) -> None:
    """From now on this process forks what would be `python -m postlude ...`; its children start programs as ever."""
    real = asyncio.create_subprocess_exec

    async def start(*words: str, **given: Any) -> ForkedChild | asyncio.subprocess.Process:
        if words[:3] != _MODULE:
            return await real(*words, **given)
        here = _descriptors()
        if pid := os.fork():
            return ForkedChild(pid)
        asyncio.create_subprocess_exec = real
        _become(words[3:], given["stdin"], given["pass_fds"], given["env"], here)
        run(import_module("postlude.cli.main").main)
        raise AssertionError

    asyncio.create_subprocess_exec = start  # type: ignore[assignment]


def _become(
    words: Sequence[str], stdin: int, kept: Sequence[int], environment: Mapping[str, str], here: Mapping[int, str]
) -> None:
    """As exec does: the descriptors that are handed over, no handlers, a loop of its own."""
    gc.freeze()  # nothing of the parent may be finalized here: that would close descriptors that are used anew
    asyncio.events._set_running_loop(None)
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(stdin, 0)
    for descriptor, leads_to in _descriptors().items():
        # What leads elsewhere than in the parent was made by the fork itself: libuv's pipe for signals.
        if descriptor > 2 and descriptor not in kept and here.get(descriptor) == leads_to:
            os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["postlude", *words]
    Path("/proc/self/comm").write_text(words[0])  # its command line is still the parent's


def _descriptors() -> dict[int, str]:
    """What every open descriptor leads to."""
    found = {}
    for path in Path("/proc/self/fd").iterdir():
        try:
            found[int(path.name)] = str(path.readlink())
        except FileNotFoundError:
            continue  # the one that the folder was read with
    return found
