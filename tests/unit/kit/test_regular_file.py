import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from postlude.kit.files import content_of, lock_file, make_way, replace_durably
from postlude.kit.regular_file import no_file, open_regular, read_file
from support.no_files import NO_FILES

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=list(NO_FILES.values()), ids=list(NO_FILES))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Something else stands where a file should."""
    make: Callable[[Path], None] = request.param
    make(tmp_path / "file")
    return tmp_path / "file"


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert read_file(tmp_path / "file") == b"content"
    assert no_file(tmp_path / "file") is None


def test_what_is_not_there_is_told_as_the_system_does(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "file")
    assert no_file(tmp_path / "file") is None


def test_a_file_is_made_when_that_is_asked_for(tmp_path: Path) -> None:
    os.close(open_regular(tmp_path / "file", os.O_RDWR | os.O_CREAT, 0o640))
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_what_is_no_file_is_neither_waited_for_nor_read(path: Path) -> None:
    with pytest.raises(OSError, match="file") as raised:
        read_file(path)
    assert raised.value.filename == str(path)
    assert no_file(path) is not None


def test_what_is_no_file_has_no_content(path: Path) -> None:
    assert content_of(path) is None


def test_what_is_no_file_is_kept_aside_where_one_is_made(path: Path) -> None:
    replace_durably(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert len(list(path.parent.glob("file.damaged-*"))) == 1


def test_what_is_no_file_is_kept_aside_where_one_is_locked(path: Path) -> None:
    descriptor = lock_file(path, mode=0o600)
    assert path.is_file()
    os.close(descriptor)


def test_a_file_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    make_way(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"content"


def test_a_socket_that_listens_is_no_file(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "file"))
        assert (error := no_file(tmp_path / "file")) is not None
    assert error.errno == errno.ENXIO
