"""What settles a copy of which nobody knew whether it arrived, on both databases."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.dialects import sqlite

from postlude.model.event import Event
from postlude.model.words import CopyStatus, EventKind, SendOutcome, Verdict, Via
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission, open_store
from postlude.store.digest.settle_indeterminate import FIRST_INDETERMINATE


def submitted(store: Store) -> list[Copy]:
    """Three copies of one message."""
    message = Message(
        id=1, user=7, message_id="", subject="", sender="a@example.org", mail_from="", via=Via.RELAY, created_at=1
    )
    copies = tuple(Copy(10 + number, 1, f"r{number}@example.org") for number in range(3))
    store.digest.apply(Batch(submissions=[Submission(message, (), copies)]))
    return list(copies)


def happened(copy: Copy, kind: EventKind, verdict: Verdict = Verdict.MACHINE, **facts: str) -> Event:
    return Event(copy.id ^ hash(kind) & 0xFFFF, kind, 1000, copy.message, copy.id, verdict=verdict, facts=facts)


def unknown(copy: Copy, retry_at: int = 0) -> AttemptResult:
    return AttemptResult(copy.id, SendOutcome.INDETERMINATE, 500, 1, text="lost", retry_at=retry_at)


def test_that_there_are_none_costs_one_look_into_their_index(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/state.sqlite").close()
    asked = FIRST_INDETERMINATE.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    with closing(sqlite3.connect(tmp_path / "state.sqlite")) as database:
        plan = database.execute(f"EXPLAIN QUERY PLAN {asked}").fetchall()
    assert [row[3] for row in plan] == ["SCAN copies USING INDEX ix_copies_indeterminate"]


SHOWS = [
    (EventKind.OPENED, Verdict.HUMAN),
    (EventKind.CLICKED, Verdict.HUMAN_PROXIED),
    (EventKind.DELIVERED, Verdict.MACHINE),
    (EventKind.BOUNCED, Verdict.MACHINE),
    (EventKind.REPLIED, Verdict.HUMAN),
    (EventKind.AUTORESPONDED, Verdict.MACHINE),
    (EventKind.COMPLAINED, Verdict.HUMAN),
    (EventKind.UNSUBSCRIBED, Verdict.HUMAN),
]
SHOWS_NOTHING = [
    (EventKind.OPENED, Verdict.MACHINE),
    (EventKind.OPENED, Verdict.UNKNOWN),
    (EventKind.CLICKED, Verdict.MACHINE_SUSPECTED),
    (EventKind.QUEUED, Verdict.UNKNOWN),
]


@pytest.mark.parametrize(("kind", "verdict"), SHOWS)
@pytest.mark.parametrize("first", ["the attempt", "what came of it", "both at once"])
def test_what_comes_of_it_settles_it(store: Store, kind: EventKind, verdict: Verdict, first: str) -> None:
    copy, other, _ = submitted(store)
    event, result = happened(copy, kind, verdict), [unknown(copy, retry_at=10), unknown(other, retry_at=10)]
    batches = [Batch(attempts=result), Batch(events=[event])]
    if first == "both at once":
        batches = [Batch(attempts=result, events=[event])]
    elif first == "what came of it":
        batches.reverse()
    for batch in batches:
        store.digest.apply(batch)
    settled = store.messages.copy(copy.id)
    assert settled.status is CopyStatus.SENT
    assert settled.next_attempt_at is None
    assert settled.sent_at == 1000
    assert store.messages.copy(other.id).status is CopyStatus.INDETERMINATE


@pytest.mark.parametrize(("kind", "verdict"), SHOWS_NOTHING)
def test_what_a_machine_or_nobody_did_settles_nothing(store: Store, kind: EventKind, verdict: Verdict) -> None:
    copy, *_ = submitted(store)
    store.digest.apply(Batch(attempts=[unknown(copy)], events=[happened(copy, kind, verdict)]))
    assert store.messages.copy(copy.id).status is CopyStatus.INDETERMINATE


def test_a_report_that_it_is_delayed_settles_it(store: Store) -> None:
    copy, *_ = submitted(store)
    store.digest.apply(Batch(attempts=[unknown(copy)]))
    store.digest.apply(Batch(events=[happened(copy, EventKind.DEFERRED, channel="smtp")]))
    assert store.messages.copy(copy.id).status is CopyStatus.SENT


def test_what_is_refused_is_not_sent_because_an_answer_came_before(store: Store) -> None:
    copy, *_ = submitted(store)
    refused = AttemptResult(copy.id, SendOutcome.REJECTED, 500, 1, 550)
    store.digest.apply(Batch(attempts=[refused], events=[happened(copy, EventKind.OPENED, Verdict.HUMAN)]))
    assert store.messages.copy(copy.id).status is CopyStatus.REJECTED
