import errno
import os
from pathlib import Path

import pytest

from postlude.journal import PARTS, Spool
from postlude.model.errors import NotFoundError, StorageError


def test_put_get_delete(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool" / "out")
    spool.put(0xAB, b"mail")
    assert spool.get(0xAB) == b"mail"
    assert spool.path(0xAB) == tmp_path / "spool/out/00/00000000000000ab.eml"
    spool.put(0xAB, b"other")
    assert spool.get(0xAB) == b"other"
    spool.delete(0xAB)
    spool.delete(0xAB)
    with pytest.raises(NotFoundError):
        spool.get(0xAB)


def test_a_folder_in_place_of_a_mail_is_a_mail_that_is_missing(tmp_path: Path) -> None:
    Spool(tmp_path).path(0xAB).mkdir(parents=True)
    with pytest.raises(NotFoundError):
        Spool(tmp_path).get(0xAB)


def test_a_mail_that_the_disk_lost_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.put(0xAB, b"mail")

    def lost(path: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr(Path, "read_bytes", lost)
    with pytest.raises(NotFoundError, match="Input/output error"):
        spool.get(0xAB)


def test_a_refusing_disk_is_a_storage_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "00").write_text("in the way")
    with pytest.raises(StorageError):
        Spool(tmp_path).put(1, b"mail")
    assert [p.name for p in tmp_path.iterdir()] == ["00"]


def test_what_is_old_is_found_folder_by_folder_and_leftovers_go(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    ids = [1, 2, (1 << 63) - 1]
    for id in ids:  # noqa: A001 - the spool's word
        spool.put(id, b"mail")
    half = [tmp_path / "00" / f".{name}.eml.0a1b2c3d" for name in ("old", "new")]
    for path in half:
        path.write_bytes(b"ma")
    for path in (spool.path(1), spool.path(ids[2]), half[0]):
        os.utime(path, (1000, 1000))
    assert [dict(spool.older(part, 2000.0)) for part in (0, 1, PARTS - 1)] == [{1: 1000.0}, {}, {ids[2]: 1000.0}]
    assert [path.exists() for path in half] == [False, True]
    (tmp_path / "05").write_text("in the way")
    with pytest.raises(StorageError):
        spool.older(5, 2000.0)
