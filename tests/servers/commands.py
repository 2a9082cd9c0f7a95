"""Commands of `postlude`, each in a process of its own, forked from one that loaded everything (0.02 s, not 0.8 s)."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from servers import command_server

POSTLUDE = Path(sys.executable).with_name("postlude")


class Done(NamedTuple):
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def clean_environment(settings: Mapping[str, object]) -> dict[str, str]:
    """The caller's environment without any POSTLUDE_ setting but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTLUDE_")}
    return kept | {f"POSTLUDE_{name.upper()}": str(value) for name, value in settings.items()}


def run(
    *arguments: str | Path,
    settings: Mapping[str, object] | None = None,
    given: bytes = b"",
    seconds: float = 60,
    program: Path = POSTLUDE,
    folder: Path | None = None,
) -> Done:
    """Run one `postlude` command to its end; subprocess.TimeoutExpired when it has none."""
    command = [str(program), *map(str, arguments)]
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        stdin.write(given)
        stdin.seek(0)
        begun = _begin(command, clean_environment(settings or {}), folder, (stdin, out, err), leads=False)
        try:
            code = begun.wait(seconds)
        except subprocess.TimeoutExpired:
            begun.send_signal(signal.SIGKILL)
            raise
        out.seek(0)
        err.seek(0)
        return Done(code, out.read().decode(), err.read().decode())


def run_apart(prefix: Sequence[str], *arguments: str | Path, settings: Mapping[str, object]) -> Done:
    """As `run`, started by another program: with fewer rights, or with its system calls watched."""
    command = [*prefix, str(POSTLUDE), *map(str, arguments)]
    env = clean_environment(settings)
    ended = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


class ForkedProgram:
    """A command that runs: what the tests use of subprocess.Popen."""

    def __init__(self, command: Sequence[str], reports: int) -> None:
        self._command = command
        self._reports = reports
        self._told = b""
        self._code: int | None = None
        while b"\n" not in self._told:
            self._read()
        self.pid = int(self._told.split()[0])

    def _read(self) -> None:
        more = os.read(self._reports, 64)
        assert more, "the process that forks commands has ended; its words are above"
        self._told += more

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._code

    def wait(self, seconds: float = 60) -> int:
        """The exit code; subprocess.TimeoutExpired when it does not end by itself."""
        deadline = time.monotonic() + seconds
        while self._told.count(b"\n") < 2:  # both lines may have come at once
            if not select.select([self._reports], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise subprocess.TimeoutExpired(list(self._command), seconds)
            self._read()
        if self._code is None:
            self._code = int(self._told.split()[1])
            os.close(self._reports)
        return self._code

    def send_signal(self, number: int) -> None:
        """To the process alone."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _begin(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path | None,
    streams: Sequence[IO[bytes]],
    *,
    leads: bool,
) -> ForkedProgram:
    reader, writer = os.pipe()
    try:
        request = json.dumps([list(command), dict(environment), str(folder or Path.cwd()), leads]).encode()
        assert len(request) <= command_server.LARGEST_REQUEST
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
            server.connect(address())
            socket.send_fds(server, [request], [*(stream.fileno() for stream in streams), writer])
    finally:
        os.close(writer)
    return ForkedProgram(command, reader)


def forked(command: Sequence[str], out: IO[bytes], environment: Mapping[str, str] | None) -> ForkedProgram:
    """As `servers.process.started`, without loading the program again."""
    with Path(os.devnull).open("rb") as nothing:
        return _begin(
            command, os.environ if environment is None else environment, None, (nothing, out, out), leads=True
        )


@cache
def address() -> str:
    """Where this process's own server is called; it is started by the first command and ends with this process."""
    ours, theirs = socket.socketpair()
    folder = tempfile.TemporaryDirectory(prefix="commands-")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"{folder.name}/calls")
    listener.listen(64)
    handed = (theirs.fileno(), listener.fileno())
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "servers.command_server", *map(str, handed)],
        pass_fds=handed,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    theirs.close()
    listener.close()

    def end() -> None:
        ours.close()
        process.wait(10)
        folder.cleanup()

    atexit.register(end)
    return f"{folder.name}/calls"


_SHORTCUT = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1:2] == ["up"]:
    os.execv({real!r}, sys.argv)
told, report = os.pipe()
request = json.dumps([sys.argv, dict(os.environ), os.getcwd(), False]).encode()
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({address!r})
    socket.send_fds(server, [request], [0, 1, 2, report])
os.close(report)
words = b""
while more := os.read(told, 64):
    words += more
sys.exit(int(words.split()[1]) & 255)
"""


def write_shortcut(path: Path) -> None:
    """A program at `path` that does what the one of its name in this environment does, without loading it again."""
    real = str(Path(sys.executable).with_name(path.name))
    path.write_text(_SHORTCUT.format(python=sys.executable, real=real, address=address()))
    path.chmod(0o755)
