"""Keys that are lost hold mail: it never leaves unsigned by accident."""

import re
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


def _other(tmp_path: Path, domain: str, *selectors: str) -> Path:
    """Another installation's folder of keys."""
    root = tmp_path / "other" / "dkim"
    root.parent.mkdir(exist_ok=True)
    made = DkimKeys(root)
    for selector in selectors:
        made.add(domain, "ed25519", selector)
    return root


def _selectors(keys: DkimKeys) -> list[bytes]:
    """What a mail is signed with."""
    signer = keys.signer("example.org")
    assert signer is not None
    signed = signer.sign(b"From: a@example.org\r\nSubject: x\r\n\r\nx\r\n", 1_800_000_000_000_000)
    return re.findall(rb"[ ;]s=([a-z0-9]+)", signed)


def _put_in_place(tmp_path: Path, other: Path) -> None:
    shutil.rmtree(tmp_path / "dkim")
    shutil.copytree(other, tmp_path / "dkim")


def test_mail_is_not_signed_with_another_installations_keys(keys: DkimKeys, tmp_path: Path) -> None:
    _put_in_place(tmp_path, _other(tmp_path, "example.org", "s1"))
    for each in (keys, DkimKeys(tmp_path / "dkim")):
        each.remember()
        with pytest.raises(SettingError, match="not one that was made here"):
            each.signer("example.org")
        (text,) = each.problems()
        assert "its mail waits" in text
        assert "postlude domain add example.org" in text


def test_another_domains_keys_are_told_and_not_used(keys: DkimKeys, tmp_path: Path) -> None:
    shutil.copytree(_other(tmp_path, "example.net", "s1") / "example.net", tmp_path / "dkim" / "example.net")
    assert keys.signer("example.org") is not None
    with pytest.raises(SettingError):
        keys.signer("example.net")
    (text,) = keys.problems()
    assert "example.net" in text


def test_a_strange_key_beside_the_own_one_is_left_out(keys: DkimKeys, tmp_path: Path) -> None:
    other = _other(tmp_path, "example.org", "s2")
    shutil.copy2(other / "example.org" / "s2.pem", tmp_path / "dkim" / "example.org" / "s2.pem")
    assert _selectors(keys) == [b"s1"]
    (text,) = keys.problems()
    assert "mail is not signed with it" in text


def test_strange_keys_can_be_taken_over(keys: DkimKeys, tmp_path: Path) -> None:
    _put_in_place(tmp_path, _other(tmp_path, "example.org", "s1"))
    running = DkimKeys(tmp_path / "dkim")
    with pytest.raises(SettingError):
        running.signer("example.org")
    keys.accept("example.org")
    assert running.signer("example.org") is not None
    assert running.problems() == []


def test_keys_listed_before_there_were_fingerprints_are_learned_once(keys: DkimKeys, tmp_path: Path) -> None:
    (tmp_path / "dkim.json").write_text('{"domains": ["example.org"]}')
    assert keys.signer("example.org") is not None
    DkimKeys(tmp_path / "dkim").remember()
    _put_in_place(tmp_path, _other(tmp_path, "example.org", "s1"))
    with pytest.raises(SettingError, match="not one that was made here"):
        DkimKeys(tmp_path / "dkim").signer("example.org")


def test_a_new_key_signs_at_once_beside_the_old_one(keys: DkimKeys) -> None:
    assert keys.signer("example.org") is not None
    keys.add("example.org", "ed25519", "s2")
    assert sorted(_selectors(keys)) == [b"s1", b"s2"]
    assert keys.problems() == []
