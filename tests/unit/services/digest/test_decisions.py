from collections.abc import Iterator

import msgspec
import pytest

from mails.records import item
from postlude.model.errors import NotFoundError
from postlude.model.observation import Resolved
from postlude.model.words import EventKind, Verdict, Via
from postlude.services.digest.decisions import Resolutions
from postlude.services.digest.item import Item, RecordOutcome
from postlude.store import Batch, Copy, Message, Resolution, Store, Submission, Unmatched, open_store
from support.state_template import sqlite_state

TIED = Resolved(900, 5, 10, 7)
DISMISSED = Resolved(900, 5, 0, 7)
MESSAGE = Message(
    id=1,
    user=7,
    message_id="1@example.org",
    subject="Hello",
    sender="alice@example.org",
    mail_from="alice@example.org",
    via=Via.RELAY,
    created_at=5,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(sqlite_state(tmp_path_factory.mktemp("decisions")))
    rows = [
        waiting(5, "replied", unmatched="ambiguous", text="hello"),
        waiting(6, "bounced"),
        waiting(7, "complained"),
        msgspec.structs.replace(waiting(8, "replied"), state="assigned"),
    ]
    opened.digest.apply(Batch(submissions=[Submission(MESSAGE, (), (Copy(10, 1, "bob@example.org"),))], unmatched=rows))
    yield opened
    opened.close()


def waiting(number: int, kind: str, **facts: str) -> Unmatched:
    return Unmatched(number, 300, 9, "ambiguous", kind=kind, channel="smtp", facts=facts)


def decided(store: Store, decision: Resolved) -> Item:
    read = item(decision)
    Resolutions(store)(read, decision)
    return read


def test_what_was_matched_counts_from_the_time_it_came_in(store: Store) -> None:
    [event] = decided(store, TIED).meaning.events
    assert event.kind == EventKind.REPLIED
    assert event.copy == 10
    assert event.message == 1
    assert event.at == 300


def test_a_persons_answer_is_a_persons(store: Store) -> None:
    [event] = decided(store, TIED).meaning.events
    assert event.verdict is Verdict.HUMAN


def test_a_bounce_is_a_machines(store: Store) -> None:
    [event] = decided(store, Resolved(900, 6, 10, 7)).meaning.events
    assert event.verdict is Verdict.MACHINE


def test_why_it_was_unmatched_is_forgotten(store: Store) -> None:
    [event] = decided(store, TIED).meaning.events
    assert event.facts == {"text": "hello", "channel": "smtp", "evidence": "by_hand", "strength": "certain"}


def test_a_matched_complaint_ends_mailing_the_address(store: Store) -> None:
    [one] = decided(store, Resolved(900, 7, 10, 7)).meaning.suppress
    assert one.copy == 10
    assert one.reason == "complained"
    assert one.evidence == "by_hand"


def test_what_is_dismissed_is_handled_and_counts_for_nobody(store: Store) -> None:
    read = decided(store, DISMISSED)
    assert read.meaning.resolutions == (Resolution(5, 0, 900, 7),)
    assert read.meaning.events == ()


def test_the_first_decision_stays(store: Store) -> None:
    read = decided(store, Resolved(900, 8, 10, 7))
    assert read.outcome == RecordOutcome.REPEATED
    assert read.meaning.events == ()


def test_a_decision_about_nothing_is_an_error_of_the_record(store: Store) -> None:
    with pytest.raises(NotFoundError):
        decided(store, Resolved(900, 404, 10, 7))
