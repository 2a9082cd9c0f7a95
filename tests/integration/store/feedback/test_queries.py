"""What waits for a person or for something to come, on both engines."""

import pytest

from postlude.model.errors import NotFoundError
from postlude.model.journal_position import JournalPosition
from postlude.store import Batch, CountedStatement, QuarantinedRecord, Resolution, Store, Unmatched

FACTS = {"sender": "bob@example.org", "text": "smile \U0001f600 nul \0 half \ud800"}


def waiting(number: int, at: int) -> Unmatched:
    return Unmatched(number, at, number * 10, "nothing_of_ours", "replied", "replied", 0, "smtp", FACTS)


def test_the_queue_keeps_what_came_and_the_first_decision(store: Store) -> None:
    store.digest.apply(
        Batch(unmatched=[waiting(1, 5), waiting(2, 6), waiting(3, 7)], positions={1: JournalPosition(1, 1)})
    )
    store.digest.apply(
        Batch(
            resolutions=[Resolution(1, 40, 50, 9), Resolution(2, 0, 51, 9), Resolution(1, 0, 60, 9)],
            positions={1: JournalPosition(1, 2)},
        )
    )
    assert [row.id for row in store.feedback.list_unmatched()] == [3]
    assert store.feedback.count_unmatched() == 1
    assigned, dismissed = store.feedback.unmatched(1), store.feedback.unmatched(2)
    assert assigned.state == "assigned"
    assert assigned.copy == 40
    assert assigned.handled_at == 50
    assert assigned.handled_by == 9
    assert dismissed.state == "dismissed"
    assert dismissed.copy == 0
    assert dismissed.handled_at == 51
    assert assigned.facts["text"] == "smile \U0001f600 nul \ufffd half ?"
    assert [row.id for row in store.feedback.list_unmatched(state="")] == [3, 2, 1]
    with pytest.raises(NotFoundError):
        store.feedback.unmatched(99)


def test_the_queue_is_read_page_by_page(store: Store) -> None:
    rows = [waiting(number, at) for number, at in ((1, 5), (2, 5), (3, 5), (4, 9), (5, 1))]
    store.digest.apply(Batch(unmatched=rows, positions={1: JournalPosition(1, 1)}))
    order = [row.id for row in store.feedback.list_unmatched()]
    assert order == [4, 1, 2, 3, 5]
    read, last = [], None
    while page := store.feedback.list_unmatched(2, after=last):
        last = page[-1]
        read += [row.id for row in page]
        store.digest.apply(
            Batch(resolutions=[Resolution(last.id, 0, 50, 9)], positions={1: JournalPosition(1, 1 + len(read))})
        )
    assert read == order  # what was decided meanwhile moves nothing


def test_mails_are_asked_about_while_a_question_is_open(store: Store) -> None:
    store.digest.apply(Batch(unmatched=[waiting(1, 5), waiting(2, 6)], positions={1: JournalPosition(1, 1)}))
    store.digest.apply(Batch(resolutions=[Resolution(1, 0, 50, 9)], positions={1: JournalPosition(1, 2)}))
    assert store.feedback.asked_about(range(1, 5000)) == {20: 6}
    assert store.feedback.asked_about([]) == {}


def test_what_was_seen_keeps_the_record_that_said_it_first(store: Store) -> None:
    store.digest.apply(Batch(seen=[CountedStatement(b"a" * 16, 7, 1)], positions={1: JournalPosition(1, 1)}))
    store.digest.apply(
        Batch(
            seen=[CountedStatement(b"a" * 16, 8, 2), CountedStatement(b"b" * 16, 8, 2)],
            positions={1: JournalPosition(1, 2)},
        )
    )
    assert [store.digest.seen(mark * 16) for mark in (b"a", b"b", b"c")] == [7, 8, 0]


def test_what_waits_is_found_until_it_is_done(store: Store) -> None:
    rows = [QuarantinedRecord(1, 1, 10, 5, "a key", b"x", waiting=True), QuarantinedRecord(1, 1, 20, 4, "broken", b"y")]
    store.digest.apply(Batch(quarantined=rows, positions={1: JournalPosition(1, 1)}))
    (one,) = store.feedback.waiting()
    assert one.offset == 10
    assert one.data == b"x"
    assert one.waiting is True
    store.feedback.forget_quarantined(one)
    assert store.feedback.waiting() == []
    assert [row.offset for row in store.feedback.list_quarantined()] == [20]
