"""`postlude campaigns compare`, in process on a real store."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from postlude.cli.main import cli
from postlude.store import open_store
from support.past_campaigns import HOUR_US, past_campaign
from support.state_template import sqlite_state


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with six campaigns."""
    with closing(open_store(sqlite_state(tmp_path))) as store:
        owner = store.accounts.create_user("owner@example.org", created_at=1)
        for number in range(5):
            done = {"opened": 12 + number, "bounced": 1}
            past_campaign(store, owner.id, f"News {number}", (500 + number) * HOUR_US, 60, done)
        past_campaign(store, owner.id, "Prize", 900 * HOUR_US, 60, {"opened": 55})
    return tmp_path


def _run(data: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli, ["campaigns", "compare", *arguments], env={"POSTLUDE_DATA": str(data)})
    assert done.exit_code == 0, done.output
    return done.output


def test_all_campaigns_are_a_table(data: Path) -> None:
    lines = _run(data, "--sort", "opened").splitlines()
    assert lines[0].split() == ["sent", "copies", "delivered", "opened", "clicked", "replied", "unsubscribed",
                                "complained", "bounced", "campaign"]  # fmt: skip
    assert lines[1].endswith("Prize")
    assert "91.7 % of 60+" in lines[1]
    assert lines[-1].endswith("usual: median (80 % band)")


def test_its_json_has_intervals_and_what_is_usual(data: Path) -> None:
    found = json.loads(_run(data, "--json"))
    assert found["campaigns"][0]["rates"]["opened"]["rate"]["low"] < 55 / 60
    assert found["usual"]["opened"]["values"] == 6


def test_chosen_ones_stand_side_by_side(data: Path) -> None:
    lines = _run(data, "Prize", "News 0").splitlines()
    assert lines[0].split()[:3] == ["Prize", "News", "0"]
    assert "-71.3 points" in next(line for line in lines if line.startswith("opened"))
