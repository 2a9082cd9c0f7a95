import errno
import os
from pathlib import Path

import pytest

from postlude.kit.file_trouble import about_a_file, file_trouble


def refused(path: Path) -> OSError:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - whatever the system says of it
        path.read_bytes()
    return caught.value


def test_a_folder_in_place_of_a_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    reported = file_trouble(refused(tmp_path))
    assert reported == f"{tmp_path}: Is a directory. A folder is where a file must be: rename it"


def test_a_file_that_is_missing_is_to_be_put_back(tmp_path: Path) -> None:
    assert file_trouble(refused(tmp_path / "key")).endswith("key: No such file or directory. Put it back")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.ELOOP, errno.ENOTDIR])
def test_every_frequent_refusal_has_a_remedy(number: int) -> None:
    reported = file_trouble(OSError(number, os.strerror(number), "/data/id"))
    assert reported.startswith(f"/data/id: {os.strerror(number)}. ")


def test_what_has_no_remedy_is_said_as_it_is() -> None:
    assert file_trouble(OSError(errno.EBADF, "Bad file descriptor", b"/data/id")) == "/data/id: Bad file descriptor"


def test_what_is_about_no_file_is_no_file_s_trouble() -> None:
    error = ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
    assert not about_a_file(error)
    assert not about_a_file(ValueError("x"))
    assert file_trouble(error) == "Connection reset by peer"
