"""`postlude reports`, in process on a real store."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from postlude.cli.main import cli
from postlude.model.errors import InputError
from postlude.store import open_store
from support.state_template import sqlite_state


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one user."""
    with closing(open_store(sqlite_state(tmp_path))) as store:
        store.accounts.create_user("owner@example.org", created_at=1)
    return tmp_path


def _reports(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["reports", *arguments], env={"POSTLUDE_DATA": str(data)})


def test_a_report_is_set_up_shown_and_ended(data: Path) -> None:
    made = json.loads(_reports(data, "add", "age", "--hours", "48", "--json").output)
    assert made["when"] == "48 h after a campaign began"
    assert made["to"] == ["owner@example.org"]
    assert made["id"] in _reports(data, "list").output
    _reports(data, "remove", made["id"])
    assert "no report goes out" in _reports(data, "list").output


def test_who_is_not_a_user_gets_none(data: Path) -> None:
    refused = _reports(data, "add", "weekly", "--to", "x@example.com").exception
    assert isinstance(refused, InputError)
    assert "members only" in str(refused)
