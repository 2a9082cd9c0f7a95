"""`postlude rebuild` says what it did."""

from pathlib import Path

from servers.commands import run


def test_it_says_how_much_was_made_anew(tmp_path: Path) -> None:
    done = run("rebuild", settings={"data": tmp_path / "data"})
    assert done.code == 0
    assert done.out.startswith("0 copies made anew from 0 events in ")


def test_the_outcome_is_there_for_programs(tmp_path: Path) -> None:
    done = run("rebuild", "--json", settings={"data": tmp_path / "data"})
    assert done.json["running"] is False
    assert done.json["events"] == 0
