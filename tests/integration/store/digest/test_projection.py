import random

import pytest

from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.words import EventKind, Verdict, Via
from postlude.store import Batch, Copy, CopySuppression, Message, QuarantinedRecord, Store, Submission, Unmatched


def _event(kind: EventKind, at: int, verdict: Verdict = Verdict.HUMAN, *, copy: int = 11, position: int = -1) -> Event:
    return Event(at, kind, at, 1, copy, position, verdict)


_STORY = [
    _event(EventKind.SENT, 10, Verdict.MACHINE),
    _event(EventKind.OPENED, 20, Verdict.MACHINE),
    _event(EventKind.OPENED, 30, Verdict.HUMAN_PROXIED),
    _event(EventKind.OPENED, 25, Verdict.UNKNOWN),
    _event(EventKind.OPENED, 60),
    _event(EventKind.OPENED, 70, Verdict.SELF),
    _event(EventKind.CLICKED, 50, Verdict.MACHINE_SUSPECTED, position=0),
    _event(EventKind.CLICKED, 65, position=0),
    _event(EventKind.CLICKED, 66, Verdict.UNKNOWN, position=1),
    _event(EventKind.REPLIED, 90),
    _event(EventKind.REPLIED, 80),
    _event(EventKind.DELIVERED, 15, Verdict.MACHINE),
    _event(EventKind.BOUNCED, 99, Verdict.MACHINE),
]


@pytest.mark.parametrize("pieces", [1, 3, len(_STORY)])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_sum_does_not_depend_on_order_and_batches(store: Store, pieces: int, seed: int) -> None:
    events = _STORY[:]
    random.Random(seed).shuffle(events)
    for i in range(pieces):
        store.digest.apply(Batch(events=events[i::pieces]))
    done = store.messages.activity(1)[11]
    assert done.opens == 2
    assert done.opens_unknown == 1
    assert done.opens_machine == 1
    assert done.first_open_at == 30
    assert done.last_open_at == 60
    assert done.clicks == 1
    assert done.clicks_unknown == 1
    assert done.clicks_machine == 1
    assert done.first_click_at == 65
    assert done.last_click_at == 65
    assert done.delivered_how == "confirmed"
    assert done.delivered_at == 15
    assert done.replied_at == 80
    assert done.bounced_at == 99
    assert done.last_event_at == 99
    assert (done.complained_at, done.unsubscribed_at, done.displayed_at, done.autoresponded_at) == (None,) * 4
    links = store.messages.link_activity(1)
    assert links[0].clicks == 1
    assert links[0].clicks_machine == 1
    assert links[0].last_at == 65
    assert links[1].clicks == 0
    assert links[1].clicks_unknown == 1
    assert links[1].last_at is None


def test_a_person_implies_the_delivery(store: Store) -> None:
    store.digest.apply(Batch(events=[_event(EventKind.SENT, 10)]))
    assert store.messages.activity(1)[11].delivered_how == "accepted"
    store.digest.apply(Batch(events=[_event(EventKind.OPENED, 40, Verdict.MACHINE)]))
    assert store.messages.activity(1)[11].delivered_how == "accepted"
    store.digest.apply(Batch(events=[_event(EventKind.CLICKED, 50)]))
    assert store.messages.activity(1)[11].delivered_how == "implied"
    assert store.messages.activity(1)[11].delivered_at == 50


def test_totals_of_a_message(store: Store) -> None:
    message = Message(id=1, user=7, message_id="", subject="", sender="", mail_from="", via=Via.API, created_at=1)
    copies = tuple(Copy(11 + i, 1, f"r{i}@example.org") for i in range(4))
    events = [
        _event(EventKind.OPENED, 20, copy=11),
        _event(EventKind.OPENED, 30, copy=11),
        _event(EventKind.REPLIED, 40, copy=12),
        _event(EventKind.BOUNCED, 40, copy=13),
    ]
    store.digest.apply(Batch(submissions=[Submission(message, (), copies)], events=events))
    totals = store.messages.totals([1, 2])[1]
    assert totals.copies == 4
    assert totals.queued == 4
    assert totals.sent == 0
    assert totals.failed == 1
    assert totals.opened == 2
    assert totals.clicked == 0
    assert totals.replied == 1
    assert totals.last_open_at == 30


def test_a_batch_is_applied_whole_or_not_at_all(store: Store) -> None:
    store.digest.apply(Batch(positions={3: JournalPosition(1, 10)}, outcomes={"counted": 2}))
    good = _event(EventKind.OPENED, 20)
    too_large = Event(1, EventKind.OPENED, 1, 1, 1 << 64)
    with pytest.raises(Exception, match=r"(?i)too large|out of range|serialize ints"):
        store.digest.apply(
            Batch(events=[good, too_large], positions={3: JournalPosition(1, 20)}, outcomes={"counted": 2})
        )
    assert store.digest.positions() == {3: (1, 10)}
    assert store.digest.outcomes() == {"counted": 2}
    assert store.messages.activity(1) == {}


def test_what_could_not_be_used_is_kept(store: Store) -> None:
    store.digest.apply(
        Batch(
            unmatched=[Unmatched(5, 10, 6, "nothing_of_ours", "mail from\0 \ud800")],
            quarantined=[QuarantinedRecord(1, 2, 3, 10, "not an observation", b"\0\xff")],
            outcomes={"unreadable": 1},
            suppress=[CopySuppression(404, "complained", "envelope_tag", 1)],
        )
    )
    store.digest.apply(Batch(outcomes={"unreadable": 2, "counted": 1}))
    assert store.feedback.list_unmatched()[0].summary == "mail from\ufffd ?"
    assert store.feedback.list_quarantined()[0].data == b"\0\xff"
    assert store.digest.outcomes() == {"unreadable": 3, "counted": 1}
    assert store.suppressions.latest() == []
