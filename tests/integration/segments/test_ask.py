"""`postlude segment` and `segments`, as somebody at a terminal uses them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.commands import run as run_command

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def command(*arguments: str, code: int = 0) -> str:
        done = run_command(*arguments, settings={"data": tmp_path / "data"}, folder=tmp_path)
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        return done.out + (done.err if code else "")

    command("contacts", "add", "Anna <anna@example.org>", "--field", "City=Bonn", "--tag", "vip")
    command("contacts", "add", "bob@example.org", "--field", "City=Ulm")
    return command


def test_an_expression_is_explained_counted_and_listed(run: Run) -> None:
    told = run("segment", "tag('vip') and not opened()")
    assert "contacts who have the tag 'vip' and who did not open any mail: 1, of whom 1 may be mailed" in told
    assert "anna@example.org  Anna" in told
    assert run("segment", "everyone", "--count") == "2\n"
    assert run("segment", "field('City') = 'Ulm'", "--addresses") == "bob@example.org\n"
    assert json.loads(run("segment", "everyone", "--json"))["mailable"] == 2


def test_a_mistake_is_shown_where_it_is(run: Run) -> None:
    told = run("segment", "oppened()", code=2)
    assert "is it opened?\n  oppened()\n  ^" in told
    assert "no contact has a field 'Citty'" in run("segment", "field('Citty') = 'Ulm'", code=2)
    assert "there is no list 'News'" in run("segment", "list('News')", code=6)


@pytest.fixture
def ulm(run: Run) -> str:
    """A saved segment."""
    run("segments", "save", "Ulm", "field('City') = 'Ulm'")
    return "Ulm"


def test_without_segments_the_list_says_so(run: Run) -> None:
    assert "no segments yet" in run("segments", "list")


def test_a_saved_segment_is_counted(run: Run, ulm: str) -> None:
    assert "1 contacts, of whom 1 may be mailed" in run("segments", "show", ulm)


def test_a_segment_is_frozen(run: Run, ulm: str) -> None:
    run("segments", "freeze", ulm)
    assert json.loads(run("segments", "list", "--json"))[0]["frozen"] is True


def test_a_segment_is_renamed(run: Run, ulm: str) -> None:
    run("segments", "change", ulm.lower(), "--name", "People of Ulm")
    assert json.loads(run("segments", "list", "--json"))[0]["name"] == "People of Ulm"


def test_changing_nothing_is_refused(run: Run, ulm: str) -> None:
    assert "nothing to change" in run("segments", "change", ulm, code=2)


def test_a_segment_is_deleted(run: Run, ulm: str) -> None:
    assert "asks for it" not in run("segments", "delete", ulm, "--yes")
    assert "no segments yet" in run("segments", "list")
