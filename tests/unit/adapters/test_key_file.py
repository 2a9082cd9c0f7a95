import json
from pathlib import Path

import pytest

from postlude.adapters.key_file import make_key_file, read_key_file
from postlude.model.errors import SettingError


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    make_key_file(path, mode=0o600)
    return path


def test_what_is_made_is_private_and_read_again(keys: Path) -> None:
    assert keys.stat().st_mode & 0o777 == 0o600
    assert read_key_file(keys).current == 1


def test_a_file_that_is_there_stays(keys: Path) -> None:
    before = keys.read_bytes()
    make_key_file(keys, mode=0o600)
    assert keys.read_bytes() == before


def test_an_older_file_has_no_checksums(keys: Path) -> None:
    made = json.loads(keys.read_text())
    del made["checksums"]
    keys.write_text(json.dumps(made))
    assert read_key_file(keys).current == 1


def test_another_key_under_the_same_checksum_is_damage(keys: Path) -> None:
    made = json.loads(keys.read_text())
    made["keys"]["1"] = made["keys"]["1"][:4] + "AAAA" + made["keys"]["1"][8:]
    keys.write_text(json.dumps(made))
    with pytest.raises(SettingError, match="key 1 is damaged"):
        read_key_file(keys)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": {}}', '{"keys": {"1": "?"}, "current": 1}'])
def test_what_is_not_a_key_file_names_the_remedy(keys: Path, content: str) -> None:
    keys.write_text(content)
    with pytest.raises(SettingError, match="Restore it from a backup"):
        read_key_file(keys)
