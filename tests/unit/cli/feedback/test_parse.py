import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from postlude.cli.feedback.parse import command
from postlude.feedback.build import build_bounce
from postlude.model.errors import InputError

NOON = 1_700_000_000_000_000


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    raw = build_bounce(
        b"From: alice@sender.example\nSubject: x\n\nx",
        recipient="bob@example.org",
        reporting_mta="mx.example",
        status="5.1.1",
        diagnostic="550 5.1.1 no such user",
        at=NOON,
    )
    (tmp_path / "bounce.eml").write_bytes(raw)
    return tmp_path


def test_one_json_line_per_finding(saved: Path) -> None:
    result = CliRunner().invoke(command, ["parse", str(saved), "--json"])
    row = json.loads(result.output)
    assert row["kind"] == "bounced"
    assert row["recipient"] == "bob@example.org"
    assert row["reason"] == "unknown_user"
    assert row["file"] == str(saved / "bounce.eml")


def test_a_table_for_people(saved: Path) -> None:
    result = CliRunner().invoke(command, ["parse", str(saved / "bounce.eml")])
    assert result.output.split()[:4] == ["bounce.eml", "bounced", "bob@example.org", "unknown_user"]


def test_an_unreadable_file_does_not_keep_the_others_from_being_read(saved: Path) -> None:
    result = CliRunner().invoke(command, ["parse", str(saved / "none"), str(saved / "bounce.eml"), "--json"])
    assert json.loads(result.output)["kind"] == "bounced"
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 2


def test_a_file_of_known_addresses_that_is_not_there(saved: Path) -> None:
    result = CliRunner().invoke(command, ["parse", str(saved / "bounce.eml"), "--known", str(saved / "none")])
    assert isinstance(result.exception, InputError)
