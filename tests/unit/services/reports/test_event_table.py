"""Events as rows: everything in words, ids as text."""

from postlude.model.event import RECLASSIFY, WHY, Event
from postlude.model.words import EventKind, Verdict
from postlude.services.reports.event_table import EVENT_COLUMNS, event_rows
from postlude.services.reports.messages import entries

CLICK = Event(
    7, EventKind.CLICKED, 1_790_000_000_000_000, 1, 0xAB, 2, Verdict.MACHINE, ("sweep", "browser"), 4,
    {WHY: "9 links in 0.4 s"}, first_verdict=Verdict.HUMAN, cause=RECLASSIFY,
)  # fmt: skip
SENT = Event(8, EventKind.SENT, 1_790_000_000_000_000, 1, 0xAB)


def _row(event: Event) -> dict[str, str]:
    [row] = event_rows(entries([event], {0xAB: "bob@example.net"}, {2: "https://shop.example/"}))
    return dict(zip(EVENT_COLUMNS, row, strict=True))


def test_a_click_says_who_how_sure_and_why() -> None:
    row = _row(CLICK)
    assert row["time"].startswith("2026-09-21T")
    assert row["recipient"] == "bob@example.net"
    assert row["event"] == "clicked"
    assert row["who"] == "a machine"
    assert row["how sure"] == "very likely"
    assert row["why"] == "Many links were followed within seconds: 9 links in 0.4 s."
    assert row["correction"] == "First taken for a person, corrected by the rules of this version."
    assert row["link"] == "https://shop.example/"
    assert row["verdict"] == "machine"
    assert row["rules"] == "sweep browser"
    assert row["copy"] == "00000000000000ab"


def test_what_is_not_judged_has_no_verdict() -> None:
    row = _row(SENT)
    assert row["who"] == row["verdict"] == row["how sure"] == row["why"] == row["correction"] == ""
    assert row["summary"].startswith("Handed over")
