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
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

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
        reader, writer = os.pipe()
        try:
            request = json.dumps([command, clean_environment(settings or {}), str(folder or Path.cwd())]).encode()
            assert len(request) <= command_server.LARGEST_REQUEST
            descriptors = [stdin.fileno(), out.fileno(), err.fileno(), writer]
            socket.send_fds(_server(), [request], descriptors)
        finally:
            os.close(writer)
        code = _exit_code(reader, command, seconds)
        out.seek(0)
        err.seek(0)
        return Done(code, out.read().decode(), err.read().decode())


def run_apart(prefix: Sequence[str], *arguments: str | Path, settings: Mapping[str, object]) -> Done:
    """As `run`, started by another program: with fewer rights, or with its system calls watched."""
    command = [*prefix, str(POSTLUDE), *map(str, arguments)]
    env = clean_environment(settings)
    ended = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def _exit_code(reader: int, command: list[str], seconds: float) -> int:
    told = b""
    deadline = time.monotonic() + seconds
    try:
        while told.count(b"\n") < 2:
            if not select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
                os.kill(int(told.split()[0]), signal.SIGKILL)
                raise subprocess.TimeoutExpired(command, seconds)
            more = os.read(reader, 64)
            assert more, "the process that forks commands has ended; its words are above"
            told += more
    finally:
        os.close(reader)
    return int(told.split()[1])


@cache
def _server() -> socket.socket:
    """This process's own, started when the first command is run; it ends with the socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # -P: beside the script stands postlude.py, which is not the package
    arguments = [sys.executable, "-P", command_server.__file__, str(theirs.fileno())]
    process = subprocess.Popen(arguments, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, start_new_session=True)
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait(10)

    atexit.register(end)
    return ours
