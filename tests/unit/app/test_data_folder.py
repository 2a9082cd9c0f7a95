import os
import stat
from pathlib import Path

import pytest

from postlude.app.data_folder import DataFolder
from postlude.model.errors import InUseError, SettingError, StorageError
from postlude.tokens import Kind, TokenCodec


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
