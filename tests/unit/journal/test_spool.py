import errno
import os
import shutil
from pathlib import Path

import pytest

from postlude.journal import PARTS, Spool, accept_spool, checksum, prepare_spool, spool_problem
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


def test_a_pipe_in_place_of_a_mail_holds_up_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put(0xAB, b"mail")
    spool.path(0xAB).unlink()
    os.mkfifo(spool.path(0xAB))
    with pytest.raises(NotFoundError, match="not a regular file"):
        spool.get(0xAB)


def test_a_mail_that_the_disk_lost_holds_up_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.put(0xAB, b"mail")

    def lost(path: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    monkeypatch.setattr("postlude.journal.spool.read_file", lost)
    with pytest.raises(NotFoundError, match="Input/output error"):
        spool.get(0xAB)


def test_a_refusing_disk_is_a_storage_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "00").symlink_to(tmp_path / "00")
    with pytest.raises(StorageError):
        Spool(tmp_path).put(1, b"mail")
    assert [p.name for p in tmp_path.iterdir()] == ["00"]


def test_a_file_in_place_of_a_folder_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "00").write_text("in the way")
    Spool(tmp_path).put(1, b"mail")
    assert Spool(tmp_path).get(1) == b"mail"
    assert [path.read_text() for path in tmp_path.glob("00.damaged-*")] == ["in the way"]


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


@pytest.fixture
def used(tmp_path: Path) -> Spool:
    """A spool with a mail, and what tells outside of it that it is there."""
    root, proof = tmp_path / "spool", tmp_path / "spool.id"
    prepare_spool(root, proof)
    spool = Spool(root, proof=proof)
    spool.put(1, b"mail")
    return spool


def missing(tmp_path: Path, how: str) -> None:
    shutil.rmtree(tmp_path / "spool")
    if how == "is empty":
        (tmp_path / "spool").mkdir()
    if how == "is another":
        prepare_spool(tmp_path / "spool", tmp_path / "other.id")
    if how == "is older":
        Spool(tmp_path / "spool").put(2, b"mail")


@pytest.mark.parametrize("how", ["is gone", "is empty", "is another", "is older"])
def test_a_spool_that_is_not_there_refuses_and_loses_nothing(used: Spool, tmp_path: Path, how: str) -> None:
    missing(tmp_path, how)
    prepare_spool(tmp_path / "spool", tmp_path / "spool.id")  # at a start
    for call in (lambda: used.get(1), lambda: used.put(3, b"mail"), used.confirm):
        with pytest.raises(StorageError, match="mount its disk"):
            call()
    assert "mount its disk" in spool_problem(tmp_path / "spool", tmp_path / "spool.id")


@pytest.mark.parametrize("how", ["is gone", "is empty", "is another", "is older"])
def test_a_spool_that_is_lost_for_good_is_taken_as_it_is(used: Spool, tmp_path: Path, how: str) -> None:
    missing(tmp_path, how)
    assert accept_spool(tmp_path / "spool", tmp_path / "spool.id")
    assert not accept_spool(tmp_path / "spool", tmp_path / "spool.id")
    with pytest.raises(NotFoundError):
        used.get(1)
    used.put(3, b"mail")
    assert used.get(3) == b"mail"


@pytest.mark.parametrize("file", ["spool/.id", "spool.id"])
@pytest.mark.parametrize("content", [None, b"", b"\xff", "a folder"])
def test_a_damaged_proof_holds_nothing_up(used: Spool, tmp_path: Path, file: str, content: bytes | str | None) -> None:
    path = tmp_path / file
    path.unlink()
    if content == "a folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    if (file, content) == ("spool/.id", None):
        return  # told: a spool without it is an older one
    used.confirm()
    prepare_spool(tmp_path / "spool", tmp_path / "spool.id")
    used.confirm()
    assert used.get(1) == b"mail"
    assert (tmp_path / "spool/.id").read_bytes() == (tmp_path / "spool.id").read_bytes()


def test_a_spool_of_an_older_version_is_known_from_its_first_start_on(tmp_path: Path) -> None:
    Spool(tmp_path / "spool").put(1, b"mail")
    prepare_spool(tmp_path / "spool", tmp_path / "spool.id")
    shutil.rmtree(tmp_path / "spool")
    assert spool_problem(tmp_path / "spool", tmp_path / "spool.id")


def test_a_mail_in_pieces_is_one_mail(tmp_path: Path) -> None:
    spool, pieces = Spool(tmp_path), [b"head\r\n\r\n", *[b"x" * (1 << 20)] * 5, b"end"]
    spool.put(7, *pieces)
    assert spool.get(7) == b"".join(pieces)
    assert checksum(*pieces) == checksum(b"".join(pieces))
    assert spool.size(7) == len(b"".join(pieces))
    assert spool.size(8) == 0
