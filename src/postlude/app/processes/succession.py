"""Taking over from a `postlude up` that was killed: its children went on, and hold the listening sockets.

First whoever starts the successor gets the sockets (`inherit`). The successor loads its programs while the orphan still
serves, then tells it to stop (`succeed`). The socket listens all the time, so no connection is refused.
"""

import logging
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from postlude.app.processes.supervised import STOP
from postlude.kit import local_sockets

log: Final = logging.getLogger("postlude.process")

_ANSWER_S: Final = 15.0
_MOST_BYTES: Final = 4096
_MOST_SOCKETS: Final = 8


def inherit(folder: Path, name: str) -> dict[str, socket.socket]:
    """The listening sockets of the orphan called `name`, by their flag; nothing when there is none.

    One that does not answer is killed.
    """
    with suppress(OSError):
        caller = local_sockets.call(folder, name, _ANSWER_S)
        if caller is None:
            return {}
        with caller:
            try:
                return _sockets(caller)
            except OSError as error:
                _kill(caller, name, error)
    return {}


def succeed(folder: Path, name: str, ends_within_s: float) -> None:
    """Have the orphan called `name` end, if there is one; returns when it has. One that takes too long is killed."""
    with suppress(OSError):
        caller = local_sockets.call(folder, name, _ANSWER_S)
        if caller is None:
            return
        with caller:
            try:
                for sock in _sockets(caller).values():
                    sock.close()
                caller.settimeout(ends_within_s)
                caller.sendall(STOP)
                while caller.recv(_MOST_BYTES):
                    pass
            except OSError as error:
                _kill(caller, name, error)
        log.info("%s takes over from a former start", name)


def _sockets(caller: socket.socket) -> dict[str, socket.socket]:
    words, descriptors, _, _ = socket.recv_fds(caller, _MOST_BYTES, _MOST_SOCKETS)
    return {flag: _listening(one) for flag, one in zip(words.decode("ascii").split(), descriptors, strict=True)}


def _listening(descriptor: int) -> socket.socket:
    sock = socket.socket(fileno=descriptor)
    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return sock


def _kill(caller: socket.socket, name: str, error: OSError) -> None:
    pid = local_sockets.peer_of(caller).pid
    log.warning("%s of a former start (process %d) does not answer: it is killed (%s)", name, pid, error)
    if pid > 1:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    caller.settimeout(_ANSWER_S)
    with suppress(OSError):  # the connection ends with the process
        while caller.recv(_MOST_BYTES):
            pass
