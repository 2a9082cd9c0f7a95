"""Sockets by which the processes of one folder and one account find each other on this machine.

On Linux their names are abstract (unix(7)): they take no space, so they work on a disk that is full or read-only, and
they are gone when their process is. Elsewhere they are files in the folder.
"""

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

_BACKLOG: Final = 16
_CREDENTIALS: Final = struct.Struct("3i")
_NAME_BYTES: Final = 8
_LONGEST: Final = 107


class Peer(NamedTuple):
    """Who is at the other end."""

    pid: int
    """0 where the system does not say."""
    uid: int


def offer(folder: Path, name: str) -> socket.socket:
    """Listen under `name`, not blocking. Raises OSError, as when another process listens there."""
    address = _address(folder, name)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if not address.startswith("\0"):
            with suppress(FileNotFoundError):
                Path(address).unlink()
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    return sock


def call(folder: Path, name: str, patience_s: float) -> socket.socket | None:
    """A connection to who listens under `name`, with that timeout; None when no process of the folder's account does.

    Raises OSError when a process listens and does not take the connection.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(patience_s)
    try:
        sock.connect(_address(folder, name))
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    except OSError:
        sock.close()
        raise
    if peer_of(sock).uid != _owner(folder):  # any account on this machine may take an abstract name
        sock.close()
        return None
    return sock


@contextmanager
def socket_path(path: Path) -> Iterator[str]:
    """What to bind or connect to for a socket at `path`, which may be longer than the 107 bytes of sun_path (unix(7)).

    A longer one goes through a descriptor of its folder, which Linux alone knows as a path.
    """
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def trusted(sock: socket.socket) -> bool:
    """Whether who called is this account, or root."""
    return peer_of(sock).uid in {os.geteuid(), 0}


def peer_of(sock: socket.socket) -> Peer:
    """The process at the other end, as it was when it began to listen or called."""
    if sys.platform != "linux":  # the file's mode and its folder's keep others out
        return Peer(0, os.geteuid())
    pid, uid, _ = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return Peer(pid, uid)


def _owner(folder: Path) -> int:
    try:
        return folder.stat().st_uid
    except OSError:
        return os.geteuid()


def _address(folder: Path, name: str) -> str:
    real = folder.resolve()
    if sys.platform != "linux":
        return str(real / f".{name}.sock")
    key = blake2b(os.fsencode(real), digest_size=_NAME_BYTES).hexdigest()
    return f"\0postlude/{_owner(real)}/{key}/{name}"
