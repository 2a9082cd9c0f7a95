import json
from pathlib import Path

import pytest

from postlude.adapters.key_file import add_key, make_key_file, next_key, read_key_file, sign_with_next_key
from postlude.model.errors import InputError, SettingError
from postlude.tokens import Kind, TokenCodec


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


def test_an_added_key_verifies_and_signs_only_when_told(keys: Path) -> None:
    first = TokenCodec(read_key_file(keys)).mint_copy(Kind.MESSAGE, 1, 2).act
    assert add_key(keys, mode=0o600) == 2
    assert read_key_file(keys).current == 1
    before_it_signs = TokenCodec(read_key_file(keys))
    assert sign_with_next_key(keys, mode=0o600) == 2
    after = TokenCodec(read_key_file(keys))
    second = after.mint_copy(Kind.MESSAGE, 1, 2).act
    assert second != first
    assert after.read_act(first) is not None
    assert before_it_signs.read_act(second) is not None


def test_a_key_that_waits_is_added_once(keys: Path) -> None:
    assert [add_key(keys, mode=0o600), add_key(keys, mode=0o600)] == [2, 2]
    assert next_key(keys) == 2
    assert keys.stat().st_mode & 0o777 == 0o600


def test_without_a_key_that_waits_none_can_sign(keys: Path) -> None:
    with pytest.raises(InputError, match="no key waits"):
        sign_with_next_key(keys, mode=0o600)


def test_a_ring_that_is_full_stays_as_it_is(keys: Path) -> None:
    made = json.loads(keys.read_text())
    made["keys"]["255"] = made["keys"]["1"]
    keys.write_text(json.dumps(made))
    before = keys.read_bytes()
    with pytest.raises(InputError, match="255"):
        add_key(keys, mode=0o600)
    assert keys.read_bytes() == before


def test_an_added_key_has_a_checksum_too(keys: Path) -> None:
    add_key(keys, mode=0o600)
    made = json.loads(keys.read_text())
    made["keys"]["2"] = made["keys"]["2"][:4] + "AAAA" + made["keys"]["2"][8:]
    keys.write_text(json.dumps(made))
    with pytest.raises(SettingError, match="key 2 is damaged"):
        read_key_file(keys)
