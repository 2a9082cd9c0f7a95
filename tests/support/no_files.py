"""What can stand where a file should, and is none."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from postlude.kit.local_sockets import socket_path


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock, socket_path(path) as address:
        sock.bind(address)


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def _link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere") / "at-all")


NO_FILES: Final[dict[str, Callable[[Path], None]]] = {
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a link to itself": _link_to_itself,
    "a link to nowhere": _link_to_nowhere,
}
