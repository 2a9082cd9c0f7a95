import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from postlude.kit import local_sockets
from servers import needs


def test_processes_of_a_folder_find_each_other(tmp_path: Path) -> None:
    with local_sockets.offer(tmp_path, "edge") as listener:
        caller = local_sockets.call(tmp_path, "edge", 1)
        assert caller is not None
        with caller:
            answered, _ = listener.accept()
            with answered:
                assert local_sockets.trusted(answered)
                assert local_sockets.peer_of(caller) == (os.getpid(), os.geteuid())


def test_nobody_is_there(tmp_path: Path) -> None:
    assert local_sockets.call(tmp_path, "edge", 1) is None
    with local_sockets.offer(tmp_path, "edge"):
        assert local_sockets.call(tmp_path, "relay", 1) is None
        other = tmp_path / "other"
        other.mkdir()
        assert local_sockets.call(other, "edge", 1) is None
    assert local_sockets.call(tmp_path, "edge", 1) is None


def test_a_name_is_one_process(tmp_path: Path) -> None:
    with local_sockets.offer(tmp_path, "edge"), pytest.raises(OSError, match="in use"):
        local_sockets.offer(tmp_path, "edge")


def test_the_folder_is_the_same_by_every_path_to_it(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    with local_sockets.offer(real, "edge"):
        caller = local_sockets.call(tmp_path / "link", "edge", 1)
        assert caller is not None
        caller.close()


def test_it_takes_no_space_on_the_disk(tmp_path: Path) -> None:
    with local_sockets.offer(tmp_path, "edge"):
        assert list(tmp_path.iterdir()) == []


_OF_A_STRANGER = """
import os, socket, sys
os.setuid(65534)
sock = socket.socket(socket.AF_UNIX)
sock.bind("\\0" + sys.argv[1])
sock.listen()
print("listening", flush=True)
sys.stdin.read()
"""


def test_a_name_that_a_stranger_took_is_nobody(tmp_path: Path) -> None:
    """Abstract names belong to whoever is first, whatever the account."""
    needs.require_root("a process of another account is started")
    address = local_sockets._address(tmp_path, "edge")
    command = [sys.executable, "-c", _OF_A_STRANGER, address[1:]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == b"listening\n"
        assert local_sockets.call(tmp_path, "edge", 1) is None
        stranger.kill()


@pytest.mark.parametrize("length", [10, 200])
def test_a_socket_in_a_folder_with_a_long_name_is_found(tmp_path: Path, length: int) -> None:
    folder = tmp_path / ("x" * length)
    folder.mkdir()
    path = folder / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as caller:
        with local_sockets.socket_path(path) as address:
            listener.bind(address)
        listener.listen()
        assert path.is_socket()
        with local_sockets.socket_path(path) as address:
            caller.connect(address)
        listener.accept()[0].close()
