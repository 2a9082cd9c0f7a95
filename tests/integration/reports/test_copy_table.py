"""Copies with what became of them, as a table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.kit.data_table import DataTable, text_lines
from postlude.services.reports.copy_table import copies_table, every_copy
from postlude.store import Store, open_store
from support.past_campaigns import HOUR_US, past_campaign
from support.state_template import sqlite_state


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(sqlite_state(tmp_path))
    past_campaign(store, 1, "News", 1000 * HOUR_US, 3, {"opened": 1, "bounced": 1})
    past_campaign(store, 2, "Hers", 1000 * HOUR_US, 2, {})
    yield store
    store.close()


def _lines(table: DataTable) -> list[dict[str, str]]:
    head, *rows = text_lines(table)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_each_copy_says_whose_it_is_and_what_became_of_it(store: Store) -> None:
    lines = {row["recipient"]: row for row in _lines(every_copy(store, 1))}
    assert len(lines) == 3
    opened, bounced = lines["p0@example.net"], lines["p2@example.net"]
    assert opened["campaign"] == "News"
    assert opened["opens"] == "1"
    assert opened["first_open_at"] == "1970-02-11T17:00:00.000Z"
    assert bounced["bounce_reason"] == "unknown_user"
    assert bounced["replied_at"] == ""


def test_all_copies_are_those_of_everybody(store: Store) -> None:
    assert len(_lines(every_copy(store))) == 5


def test_some_messages_have_their_copies(store: Store) -> None:
    [hers] = store.campaigns.of_user(2)
    messages = [one.message for one in store.campaigns.variants(hers.id)]
    assert {row["campaign"] for row in _lines(copies_table(store, messages))} == {"Hers"}
