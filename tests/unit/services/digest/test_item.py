from typing import Any

import msgspec
import pytest

from postlude.journal import JournalRecord, Position
from postlude.model.event import Event
from postlude.model.words import EventKind
from postlude.services.digest.item import NOTHING, Item, Meaning, RecordOutcome, event_id

RECORD = JournalRecord(1, 1, 0, b"")
PLACE = Position(1, 2, 3)
FULL: dict[str, Any] = {
    "events": (Event(1, EventKind.SENT, 1, 1, 1),),
    "resend": 7,
    "erase": 7,
    "started": (7,),
    "afterwards": print,
}


@pytest.mark.parametrize("field", Meaning.__struct_fields__)
def test_a_record_that_is_quarantined_means_nothing_any_more(field: str) -> None:
    item = Item(RECORD, meaning=Meaning(**{field: FULL.get(field, object())}))
    item.fail(RecordOutcome.REFUSED, "the store refused it")
    assert item.meaning == NOTHING


def test_a_meaning_is_replaced_and_never_changed() -> None:
    with pytest.raises(AttributeError):
        NOTHING.resend = 1  # type: ignore[misc]  # what is tested


def test_a_record_means_nothing_at_first() -> None:
    assert msgspec.structs.asdict(Item(RECORD).meaning) == msgspec.structs.asdict(Meaning())


def test_a_records_first_events_have_ids_of_their_place() -> None:
    assert [event_id(PLACE, number) for number in range(15)] == [PLACE.event_id(number) for number in range(15)]


def test_further_events_have_ids_of_their_own() -> None:
    ids = {event_id(PLACE, number) for number in range(1000)}
    assert len(ids) == 1000
    assert all(0 < one < 1 << 63 for one in ids)


def test_ids_are_the_same_on_every_replay() -> None:
    assert event_id(PLACE, 500) == event_id(Position(1, 2, 3), 500)
