from postlude.history.event_rows import COLUMNS, EventRows, read_event
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict

_FACTS = {"client": "Outlook"}
_EVENTS = [
    Event(
        1, EventKind.OPENED, 5, 7, 1, -1, Verdict.MACHINE, ("browser",), 9, _FACTS, "192.0.2.0", 1, Verdict.HUMAN, "x"
    ),
    Event(2, EventKind.CLICKED, 6, 7, 1, 3, Verdict.HUMAN, ("browser",), 9, _FACTS),
    Event(3, EventKind.SENT, 7, 8, 2),
]


def test_an_event_comes_back_as_it_was() -> None:
    rows = EventRows().of(_EVENTS)
    assert [read_event(row[: len(COLUMNS.split(", "))]) for row in rows] == _EVENTS


def test_rows_are_numbered_on_from_the_first() -> None:
    assert [row[-1] for row in EventRows().of(_EVENTS, 41)] == [41, 42, 43]
    assert [row[-1] for row in EventRows().of(_EVENTS)] == [0, 0, 0]


def test_the_channel_of_an_older_version_is_called_as_today() -> None:
    row = list(EventRows().of([_EVENTS[2]])[0])
    row[9] = '{"door":"imap"}'
    assert read_event(tuple(row[:14])).facts == {"channel": "imap"}
