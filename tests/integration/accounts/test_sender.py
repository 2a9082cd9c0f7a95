"""`postlude sender`: what is set is kept, shown and forgotten."""

from pathlib import Path

import pytest

from servers.commands import Done, run


def sender(folder: Path, *words: str) -> Done:
    return run("sender", *words, settings={"data": folder})


def test_what_is_set_is_shown_until_it_is_reset(tmp_path: Path) -> None:
    assert sender(tmp_path, "indeterminate", "Example.org", "rather-twice").code == 0
    assert sender(tmp_path, "list", "--json").json == [{"sender": "example.org", "indeterminate": "rather-twice"}]
    assert "example.org" in sender(tmp_path, "list").out
    assert sender(tmp_path, "reset", "example.org").code == 0
    assert sender(tmp_path, "list", "--json").json == []


@pytest.mark.parametrize(
    ("words", "reported"), [(("nobody", "rather-twice"), "neither"), (("a@b.example", "x"), "twice")]
)
def test_what_cannot_be_is_refused_with_what_to_write(tmp_path: Path, words: tuple[str, ...], reported: str) -> None:
    done = sender(tmp_path, "indeterminate", *words)
    assert done.code == 2
    assert reported in done.err
