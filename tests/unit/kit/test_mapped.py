"""A page that the disk cannot read is an error. A file that was cut behind a mapping is such a page."""

import errno
import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from postlude.kit.mapped import check_mapped, map_file, read_what_can_be

PAGE = mmap.PAGESIZE


def test_what_can_be_read_is_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (2 * PAGE + 5))
    with path.open("rb") as file, map_file(file.fileno(), 2 * PAGE + 5) as mapped:
        assert mapped[-5:] == b"xxxxx"


def test_a_page_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3 * PAGE)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 3 * PAGE, access=mmap.ACCESS_READ) as mapped:
        os.ftruncate(file.fileno(), PAGE)
        with pytest.raises(OSError, match="Input/output error") as caught:
            check_mapped(mapped, PAGE + 7, 20)
    assert caught.value.errno == errno.EIO


def test_without_the_check_it_is_the_end_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3 * PAGE)
    program = (
        "import mmap, os, sys\n"
        "file = open(sys.argv[1], 'r+b')\n"
        "mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "os.ftruncate(file.fileno(), 1)\n"
        "print(mapped[-1])\n"
    )
    assert subprocess.run([sys.executable, "-c", program, path], check=False, capture_output=True).returncode < 0


def test_only_the_pages_that_cannot_be_read_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (3 * PAGE + 1))
    real = os.pread

    def pread(fd: int, size: int, at: int) -> bytes:
        if at == PAGE:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, size, at)

    monkeypatch.setattr(os, "pread", pread)
    with path.open("rb") as file:
        found = read_what_can_be(file.fileno(), 3 * PAGE + 1)
    assert found == b"x" * PAGE + bytes(PAGE) + b"x" * (PAGE + 1)
