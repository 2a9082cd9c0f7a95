"""Keys that are lost hold mail: it never leaves unsigned by accident."""

import shutil
from pathlib import Path

import pytest

from postlude.adapters.dkim_keys import DkimKeys
from postlude.model.errors import SettingError


@pytest.fixture
def keys(tmp_path: Path) -> DkimKeys:
    made = DkimKeys(tmp_path / "dkim")
    made.add("example.org", "ed25519", "s1")
    return made


def lose(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "dkim" / "example.org"
    if what == "the folder of keys":
        shutil.rmtree(tmp_path / "dkim")
    elif what == "the domain's folder":
        shutil.rmtree(folder)
    elif what == "its keys":
        (folder / "s1.pem").unlink()
    elif what == "emptied":
        (folder / "s1.pem").write_bytes(b"")
    elif what == "another file":
        (folder / "s1.pem").write_bytes(b"\xff\x00")
    elif what == "a folder in its place":
        (folder / "s1.pem").unlink()
        (folder / "s1.pem").mkdir()


LOST = ("the folder of keys", "the domain's folder", "its keys", "emptied", "another file", "a folder in its place")


@pytest.mark.parametrize("what", LOST)
@pytest.mark.parametrize("domain", ["example.org", "news.example.org"])
def test_mail_whose_keys_are_lost_waits(keys: DkimKeys, tmp_path: Path, what: str, domain: str) -> None:
    assert keys.signer(domain) is not None
    lose(tmp_path, what)
    for each in (keys, DkimKeys(tmp_path / "dkim")):
        if each is keys and what in {"emptied", "another file"}:
            continue  # a running process has read them
        with pytest.raises(SettingError):
            each.signer(domain)
        assert "example.org" in each.problems()[0]
        assert each.signer("example.net") is None


def test_keys_that_were_removed_on_purpose_are_not_missed(keys: DkimKeys, tmp_path: Path) -> None:
    keys.remove("example.org")
    assert DkimKeys(tmp_path / "dkim").signer("example.org") is None
    assert keys.problems() == []


def test_a_domain_whose_keys_are_lost_can_be_given_up_or_get_new_ones(keys: DkimKeys, tmp_path: Path) -> None:
    keys.add("example.net", "ed25519", "s1")
    shutil.rmtree(tmp_path / "dkim")
    keys.remove("example.org")
    keys.add("example.net", "ed25519", "s2")
    assert keys.signer("example.org") is None
    assert keys.signer("example.net") is not None
    assert keys.problems() == []


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", "a folder"])
def test_a_lost_list_is_made_again(keys: DkimKeys, tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "dkim.json"
    path.unlink()
    if content == "a folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    again = DkimKeys(tmp_path / "dkim")
    again.remember()
    shutil.rmtree(tmp_path / "dkim" / "example.org")
    with pytest.raises(SettingError):
        keys.signer("example.org")


@pytest.mark.parametrize("what", ["a file", "a link to itself"])
@pytest.mark.usefixtures("keys")
def test_a_folder_of_keys_that_cannot_be_read_stops_no_start(tmp_path: Path, what: str) -> None:
    root = tmp_path / "dkim"
    shutil.rmtree(root)
    if what == "a file":
        root.write_bytes(b"x")
    else:
        root.symlink_to(root)
    again = DkimKeys(root)
    again.remember()
    assert again.domains() == ()
    assert "dkim" in again.problems()[0]
    with pytest.raises((SettingError, OSError)):
        again.signer("example.org")
