"""`postlude api-key` on a data folder of its own."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from postlude.cli.main import cli
from postlude.kit.clock import SystemClock
from postlude.services.accounts.api_keys import check_api_key
from postlude.store import open_store
from support.state_template import sqlite_state


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSTLUDE_DATA", str(tmp_path))
    store = open_store(sqlite_state(tmp_path))
    store.accounts.create_user("anna@example.org", "Anna", (), 1)
    store.close()
    return tmp_path


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["api-key", *arguments])


def _new(*options: str) -> str:
    done = _run("new", "anna@example.org", "shop", "--json", *options)
    assert done.exit_code == 0, done.output
    return str(json.loads(done.stdout)["secret"])


def _usable(folder: Path, secret: str) -> bool:
    store = open_store(f"sqlite:///{folder}/state.sqlite")
    try:
        return check_api_key(store, SystemClock(), secret) is not None
    finally:
        store.close()


def test_a_new_key_opens_and_an_ended_one_does_not(folder: Path) -> None:
    secret = _new()
    assert _usable(folder, secret)
    assert _run("end", "anna@example.org", "shop").exit_code == 0
    assert not _usable(folder, secret)


def test_a_replaced_one_without_overlap_ends_at_once(folder: Path) -> None:
    old = _new("--scope", "read")
    done = _run("replace", "anna@example.org", "shop", "--overlap-hours", "0", "--json")
    assert json.loads(done.stdout)["scopes"] == ["read"]
    assert not _usable(folder, old)


def test_the_list_has_no_secret(folder: Path) -> None:
    secret = _new()
    assert folder.exists()
    listed = _run("list", "anna@example.org")
    assert "shop" in listed.stdout
    assert secret not in listed.stdout
