"""A child process with its output in a file, always stopped."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import IO, Protocol

STOP_SECONDS = 15


class RunningProgram(Protocol):
    """What is used of subprocess.Popen."""

    pid: int

    def poll(self) -> int | None: ...

    def wait(self, seconds: float, /) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


class Start(Protocol):
    """Starts a program that leads a session of its own and writes to `out`."""

    def __call__(
        self, command: Sequence[str], out: IO[bytes], environment: Mapping[str, str] | None, /
    ) -> RunningProgram: ...


def started(command: Sequence[str], out: IO[bytes], environment: Mapping[str, str] | None) -> RunningProgram:
    """As everywhere."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=None if environment is None else dict(environment),
    )


class Child:
    """One process in a session of its own, so that its whole family can be ended by its id."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str] | None = None,
        start: Start = started,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self._process = start([str(word) for word in command], out, env)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Exit code, None while it runs."""
        return self._process.poll()

    def output(self) -> str:
        """Everything it wrote so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        if self.code is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to the whole session: nothing of it lives on."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, SIGKILL)
        self._process.wait(STOP_SECONDS)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """The exit code, once it ended by itself; subprocess.TimeoutExpired when it does not."""
        return self._process.wait(seconds)

    def stop(self, number: int = SIGTERM) -> int:
        """Ask it to end and wait; killed when it does not listen. Returns its exit code."""
        self.signal(number)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait(STOP_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, SIGKILL)
