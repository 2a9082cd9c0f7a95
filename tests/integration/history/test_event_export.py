"""Every event as a file that other programs read."""

from pathlib import Path

import pytest

from postlude.classify import explained, how_sure
from postlude.history import open_history
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from support.parquet import parquet_rows

AT = 1_764_594_000_000_001


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A history with an opening that was corrected, a click and something without a message."""
    history = open_history(tmp_path / "history.duckdb")
    opened = Event(1, EventKind.OPENED, AT, 17, 18, -1, Verdict.MACHINE, ("burst",), 5, {"client": "Outlook"})
    corrected = Event(
        4,
        EventKind.OPENED,
        AT,
        17,
        18,
        -1,
        Verdict.MACHINE,
        ("burst",),
        5,
        {},
        "192.0.2.1",
        1,
        Verdict.HUMAN,
        "later-hits",
    )
    clicked = Event(2, EventKind.CLICKED, AT + 1, 20, 21, 3, Verdict.HUMAN, (), 5, {"quote": 'it\'s "x"'})
    history.append([opened, clicked, Event(3, EventKind.UNMATCHED, AT, 0, 0), corrected], {})
    path = tmp_path / "events.parquet"
    assert history.export_events(path) == 4
    assert history.export_events(tmp_path / "some.parquet", [20]) == 1
    history.close()
    return path


def _rows(path: Path, columns: str) -> list[tuple[object, ...]]:
    return parquet_rows(path, columns, "ORDER BY event_id")


def test_ids_are_written_as_everywhere(events: Path) -> None:
    assert _rows(events, "message, copy, link")[:3] == [
        ("0000000000000011", "0000000000000012", None),
        ("0000000000000014", "0000000000000015", 3),
        (None, None, None),
    ]


def test_times_are_times_in_utc(events: Path) -> None:
    assert _rows(events, "epoch_us(happened_at)")[1] == (AT + 1,)


def test_a_correction_is_told(events: Path) -> None:
    assert _rows(events, "verdict, first_verdict, cause, address")[3] == ("machine", "human", "later-hits", "192.0.2.1")
    assert _rows(events, "verdict, first_verdict")[2] == (None, None)


def test_facts_can_be_asked(events: Path) -> None:
    assert _rows(events, "facts->>'client', facts->>'quote'")[:2] == [("Outlook", None), (None, 'it\'s "x"')]


def test_the_events_of_some_messages_are_chosen(events: Path) -> None:
    assert _rows(events.with_name("some.parquet"), "event") == [("clicked",)]


def test_how_sure_it_is_and_why_stand_beside_the_verdict_in_words(tmp_path: Path) -> None:
    history = open_history(tmp_path / "history.duckdb")
    swept = Event(
        1, EventKind.CLICKED, AT, 17, 18, 2, Verdict.MACHINE, ("sweep", "browser"), 6, {"why": "9 links in 0.4 s"}
    )
    read = Event(2, EventKind.OPENED, AT, 17, 19, -1, Verdict.HUMAN, ("mail-client",), 6)
    alone = Event(3, EventKind.OPENED, AT, 17, 20, -1, Verdict.UNKNOWN, (), 6)
    bounced = Event(4, EventKind.BOUNCED, AT, 17, 21)
    history.append([swept, read, alone, bounced], {})
    path = tmp_path / "events.parquet"
    history.export_events(path)
    history.close()
    assert _rows(path, "sure, why") == [
        (how_sure(event.reasons) or None, explained(event.reasons, event.facts.get("why", "")) or None)
        for event in (swept, read, alone, bounced)
    ]
    assert _rows(path, "why")[0] == ("Many links were followed within seconds: 9 links in 0.4 s.",)
