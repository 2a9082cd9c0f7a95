"""`postlude keys` on a data folder: tokens made before keep verifying."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from postlude.app.data_folder import DataFolder
from postlude.tokens import Kind, TokenCodec
from servers.commands import Done, run

Command = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.prepare()
    made.key_ring()
    return made


@pytest.fixture
def command(folder: DataFolder) -> Command:
    def call(*arguments: str) -> Done:
        done = run("keys", *arguments, settings={"data": folder.root})
        assert done.code == 0, done.err
        return done

    return call


def test_one_call_rotates_where_nothing_runs(folder: DataFolder, command: Command) -> None:
    before = TokenCodec(folder.key_ring())
    old = before.mint_copy(Kind.MESSAGE, 1, 2).act
    tail = before.link_tail(Kind.MESSAGE, 1, 0, "https://example.org/")
    assert "key 2 signs" in command("rotate").out
    after = TokenCodec(folder.key_ring())
    assert after.read_act(old) is not None
    assert after.link_mac(1, Kind.MESSAGE, 1, 0, "https://example.org/") in tail
    assert after.link_tail(Kind.MESSAGE, 1, 0, "https://example.org/") != tail


def test_what_runs_knows_the_key_before_it_signs(folder: DataFolder, command: Command) -> None:
    with closing(folder.lock_for_supervisor()):
        assert "does not sign yet" in command("rotate").out
        assert folder.key_ring().current == 1
        assert "key 2 signs" in command("rotate").out
        assert folder.key_ring().current == 2


def test_it_can_be_prepared_for_other_machines(command: Command) -> None:
    command("rotate", "--prepare")
    assert command("list").out.split("\n")[:2] == ["key 1  signs", "key 2  waits to sign"]
    command("rotate")
    assert command("list").out.split("\n")[:2] == ["key 1  verifies", "key 2  signs"]


def test_the_doctor_knows_all_keys(folder: DataFolder, command: Command) -> None:
    command("rotate")
    command("rotate", "--prepare")
    done = run("doctor", settings={"data": folder.root})
    assert "3 verify, key 2 signs, key 3 waits to sign" in done.out


def test_no_secret_is_shown(folder: DataFolder, command: Command) -> None:
    shown = command("rotate").out + command("list", "--json").out + command("rotate-sessions").out
    assert [word for word in folder.keys.read_text().split('"') if len(word) > 15 and word in shown] == []


def test_sessions_end_by_choice(folder: DataFolder, command: Command) -> None:
    first = folder.session_secret()
    assert "sessions go on" in command("rotate-sessions").out
    assert folder.earlier_session_secret(0) == first
    assert "signed out" in command("rotate-sessions", "--end").out
    assert folder.earlier_session_secret(0) == b""
