"""Taking everything out of a state; PostgreSQL is tried in `tests/e2e/test_demo.py`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.store import Store, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{path}")
    yield opened
    opened.close()


def test_an_empty_state_holds_nothing(store: Store) -> None:
    assert store.emptying.contents() == {}


def test_what_was_made_is_counted_by_name(store: Store) -> None:
    store.contacts.add("anna@example.org", 5)
    assert store.emptying.contents() == {"contacts": 1}


def test_only_what_came_later_is_counted(store: Store) -> None:
    store.contacts.add("anna@example.org", 5)
    store.contacts.add("berta@example.org", 9)
    assert store.emptying.contents(since=5) == {"contacts": 1}


def test_accounts_stay(store: Store) -> None:
    store.accounts.create_user("olivia@example.org")
    store.emptying.empty(lambda _key: False)
    assert store.accounts.first_user() is not None


def test_settings_stay_that_are_kept(store: Store) -> None:
    store.settings.put("mine", 1)
    store.settings.put("other", 2)
    store.emptying.empty(lambda key: key == "mine")
    assert store.settings.get("mine") == 1
    assert store.settings.get("other") is None


def test_the_file_holds_nothing_of_what_was_deleted(store: Store, path: Path) -> None:
    store.contacts.add("anna@example.org", 5, name="Anna Unmistakable")
    store.emptying.empty(lambda _key: False)
    files = b"".join(file.read_bytes() for file in path.parent.glob("state.sqlite*"))
    assert b"Unmistakable" not in files
