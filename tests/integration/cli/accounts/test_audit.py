"""`postlude audit`, and what commands leave in the log."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.commands import Done, run

Command = Callable[..., Done]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    (tmp_path / "data").mkdir(mode=0o700)

    def call(*arguments: str) -> Done:
        return run(*arguments, settings={"data": tmp_path / "data"})

    return call


def _log(command: Command, *search: str) -> list[tuple[str, str]]:
    done = command("audit", "list", "--json", *search)
    assert done.code == 0, done.err
    return [(one["act"], one["what"]) for one in json.loads(done.out)]


def test_what_commands_do_is_recorded_with_its_arguments(command: Command) -> None:
    added = command("user", "add", "alice@example.org", "--name", "A secret name", "--json")
    command("user", "role", "alice@example.org", "owner")
    command("user", "list")
    assert _log(command) == [
        ("user role", "address alice@example.org, role owner"),
        ("user add", "address alice@example.org"),
    ]
    assert json.loads(added.out)["password"] not in command("audit", "list", "--json").out


def test_what_failed_is_not_recorded(command: Command) -> None:
    command("user", "add", "alice@example.org")
    assert command("user", "role", "bob@example.org", "owner").code == 6
    assert [act for act, _ in _log(command)] == ["user add"]


def test_what_is_done_outside_the_state_is_recorded_too(command: Command) -> None:
    command("user", "add", "alice@example.org")
    assert command("domain", "add", "example.org", "--key", "ed25519").code == 0
    assert _log(command, "--act", "domain") == [("domain add", "domain example.org")]


def test_the_log_is_searched_and_written_to_a_file(command: Command, tmp_path: Path) -> None:
    command("user", "add", "alice@example.org")
    command("suppressions", "add", "dave@example.org")
    assert _log(command, "--person", "dave") == [("suppressions add", "addresses dave@example.org")]
    assert _log(command, "--until", "2020-01-01") == []
    assert command("audit", "export", str(tmp_path / "log.csv"), "--person", "alice").code == 0
    head, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert head == "at,who,via,origin,act,what,outcome"
    assert [row.split(",")[4] for row in rows] == ["user add"]
