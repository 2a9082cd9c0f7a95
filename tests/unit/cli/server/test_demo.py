"""`postlude demo` says what it did not do, and why."""

from pathlib import Path

from servers.commands import run


def test_a_demo_that_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    done = run("demo", "--remove", settings={"data": tmp_path / "data"})
    assert done.code == 2
    assert "no demo" in done.err
