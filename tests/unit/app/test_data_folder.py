import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from postlude.app.data_folder import DataFolder
from postlude.model.errors import InUseError, SettingError, StorageError
from postlude.tokens import Kind, TokenCodec
from support.no_files import NO_FILES


def made(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    return folder


def test_folders_and_keys_are_private(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.key_ring()
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.keys.stat().st_mode) == 0o600


def test_keys_stay_the_same_so_that_old_links_work(tmp_path: Path) -> None:
    folder = made(tmp_path)
    token = TokenCodec(folder.key_ring()).mint_copy(Kind.MESSAGE, 1, 2).act
    again = TokenCodec(DataFolder(folder.root).key_ring())
    assert again.read_act(token) is not None


def test_damaged_keys_are_never_replaced(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.keys.write_text("{")
    with pytest.raises(SettingError, match="backup"):
        folder.key_ring()
    assert folder.keys.read_text() == "{"


def test_a_second_process_is_told_who_has_the_folder(tmp_path: Path) -> None:
    folder = made(tmp_path)
    held = folder.lock()
    with pytest.raises(InUseError, match=f"process {os.getpid()}"):
        DataFolder(folder.root).lock()
    held.close()
    DataFolder(folder.root).lock().close()


def test_a_folder_that_cannot_be_made_says_how_to_mend_it(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(StorageError, match="POSTLUDE_DATA"):
        DataFolder(blocker / "data").prepare()


def test_a_folder_that_was_open_to_everybody_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    DataFolder(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_flipped_bit_of_a_key_is_noticed(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.key_ring()
    text = folder.keys.read_text()
    start = text.index('"1": "') + 6
    for at in range(start, start + 40):
        other = "A" if text[at] != "A" else "B"
        folder.keys.write_text(text[:at] + other + text[at + 1 :])
        with pytest.raises(SettingError, match="backup"):
            folder.key_ring()
    folder.keys.write_text(text)
    folder.key_ring()


def test_keys_of_an_older_version_have_no_checksum(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.key_ring()
    kept = json.loads(folder.keys.read_text())
    del kept["checksums"]
    folder.keys.write_text(json.dumps(kept))
    assert folder.key_ring() is not None


@pytest.mark.parametrize("damage", [b"", b"short", bytes(33)])
def test_cookies_are_never_signed_with_a_damaged_key(tmp_path: Path, damage: bytes) -> None:
    folder = made(tmp_path)
    first = folder.session_secret()
    (folder.root / "session.key").write_bytes(damage)
    fresh = folder.session_secret()
    assert len(fresh) == len(first) == 32
    assert fresh not in {first, damage}
    assert [path.read_bytes() for path in folder.root.glob("session.key.damaged-*")] == [damage]
    assert folder.session_secret() == fresh


@pytest.mark.parametrize("damage", [b"", b"0123", b"not an identity!", bytes(16)])
def test_a_damaged_identity_is_made_anew_and_kept_aside(tmp_path: Path, damage: bytes) -> None:
    folder = made(tmp_path)
    first = folder.identity()
    (folder.root / "id").write_bytes(damage)
    fresh = folder.identity()
    assert len(fresh) == 16
    assert fresh != first
    assert [path.read_bytes() for path in folder.root.glob("id.damaged-*")] == [damage]


@pytest.mark.parametrize("damage", [b"", bytes(31)])
def test_a_damaged_key_of_the_forgotten_is_never_used(tmp_path: Path, damage: bytes) -> None:
    folder = made(tmp_path)
    assert len(folder.forgotten_key(make=True)) == 32
    (folder.root / "forgotten.key").write_bytes(damage)
    for make in (True, False):
        with pytest.raises(SettingError, match="backup"):
            folder.forgotten_key(make=make)
    assert (folder.root / "forgotten.key").read_bytes() == damage


@pytest.mark.parametrize("name", ["session.key", "id"])
def test_a_pipe_in_place_of_a_record_is_set_aside(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path)
    os.mkfifo(folder.root / name)
    assert folder.session_secret()
    assert folder.identity()
    assert (folder.root / name).is_file()


@pytest.mark.parametrize("name", ["session.key", "id"])
def test_a_folder_in_place_of_a_record_is_set_aside(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path)
    (folder.root / name).mkdir()
    (folder.root / name / "inside").write_bytes(b"kept")
    assert folder.session_secret()
    assert folder.identity()
    assert (folder.root / name).is_file()
    [quarantined] = folder.root.glob(f"{name}.damaged-*")
    assert (quarantined / "inside").read_bytes() == b"kept"


def test_a_record_that_leads_nowhere_is_named_and_not_replaced(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder.root / "id").symlink_to(tmp_path / "away")
    with pytest.raises(StorageError, match=str(folder.root / "id")):
        folder.identity()
    assert not (tmp_path / "away").exists()


@pytest.mark.parametrize("to", ["away", "data/session.key"])
def test_a_session_key_that_cannot_be_read_stops_nothing_and_is_told(tmp_path: Path, to: str) -> None:
    folder = made(tmp_path)
    assert folder.session_problem() == ""
    (folder.root / "session.key").symlink_to(tmp_path / to)
    one, other = folder.session_secret(), folder.session_secret()
    assert len(one) == 32
    assert one != other
    assert str(folder.root / "session.key") in folder.session_problem()
    (folder.root / "session.key").unlink()
    assert folder.session_secret() == folder.session_secret()
    assert folder.session_problem() == ""


def test_sessions_go_on_with_the_key_before_or_end(tmp_path: Path) -> None:
    folder = made(tmp_path)
    first = folder.session_secret()
    folder.rotate_session_key(end_sessions=False)
    assert folder.earlier_session_secret(0) == first
    assert folder.session_secret() != first
    folder.rotate_session_key(end_sessions=True)
    assert folder.earlier_session_secret(0) == b""


def test_the_key_before_ends_when_its_sessions_have(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.rotate_session_key(end_sessions=False)
    changed = (folder.root / "session-earlier.key").stat().st_mtime
    assert folder.earlier_session_secret(changed)
    assert folder.earlier_session_secret(changed + 1) == b""


def test_a_damaged_key_before_signs_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.rotate_session_key(end_sessions=False)
    (folder.root / "session-earlier.key").write_bytes(b"")
    assert folder.earlier_session_secret(0) == b""


@pytest.mark.parametrize("kind", NO_FILES.keys() - {"a folder"})
@pytest.mark.parametrize("name", ["mailbox", "uploads", "views", "spool/in"])
def test_a_folder_that_is_not_needed_stops_nothing_and_is_told(tmp_path: Path, name: str, kind: str) -> None:
    folder = made(tmp_path)
    shutil.rmtree(folder.root / name)
    NO_FILES[kind](folder.root / name)
    folder.prepare([folder.spool_out])
    [problem] = [one for one in folder.problems() if one.startswith(f"{folder.root / name}: ")]
    assert ". " in problem  # what to do
    with pytest.raises(StorageError, match=name):
        folder.prepare()


@pytest.mark.parametrize("kind", NO_FILES)
@pytest.mark.parametrize("name", ["revoked.bin", "lists.json", "spool-in.id", "spool/out/.id", "state.sqlite", "id"])
def test_what_is_no_file_is_told(tmp_path: Path, name: str, kind: str) -> None:
    folder = made(tmp_path)
    (folder.root / name).unlink(missing_ok=True)
    NO_FILES[kind](folder.root / name)
    assert [one for one in folder.problems() if one.startswith(f"{folder.root / name}: ")]


def test_a_whole_folder_has_no_problems(tmp_path: Path) -> None:
    assert made(tmp_path).problems() == []
