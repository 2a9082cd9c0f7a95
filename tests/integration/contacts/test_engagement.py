"""The engagement of a contact from what the store knows of the mail to them."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from postlude.model.event import Event
from postlude.model.words import Consent, EngagementState, EventKind, Purpose, SendOutcome, Verdict, Via
from postlude.services.contacts.engagement import engagement_json, engagement_parts, engagement_words
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission, open_store
from postlude.store.contacts.rows import Contact

DAY = 86_400 * 1_000_000
NOW = 20_000 * DAY
ALICE = "alice@customer.test"


@pytest.fixture
def kept(state_url: str) -> Iterator[Store]:
    with closing(open_store(state_url, lambda _make: bytes(32))) as store:
        store.contacts.add(ALICE, 1)
        yield store


def alice(store: Store) -> Contact:
    found = store.contacts.by_address(ALICE)
    assert found is not None
    return found


def mail(
    store: Store,
    key: int,
    days: float,
    *events: tuple[EventKind, Verdict, float],
    tracked: bool = True,
) -> None:
    """One mail to Alice, sent so many days ago, and what happened then: kind, verdict, days ago."""
    at = NOW - int(days * DAY)
    message = Message(
        id=key,
        user=1,
        message_id="",
        subject="",
        sender="",
        mail_from="",
        via=Via.WEB,
        created_at=at,
        opens=tracked,
        clicks=tracked,
    )
    attempt = AttemptResult(key, SendOutcome.ACCEPTED, at, 1)
    store.digest.apply(Batch(submissions=[Submission(message, (), (Copy(key, key, ALICE),))], attempts=[attempt]))
    happened = [
        Event(key * 100 + number, kind, NOW - int(ago * DAY), key, key, verdict=verdict)
        for number, (kind, verdict, ago) in enumerate(events)
    ]
    store.digest.apply(Batch(events=happened))


def opened(ago: float, verdict: Verdict = Verdict.HUMAN) -> tuple[EventKind, Verdict, float]:
    return EventKind.OPENED, verdict, ago


def test_each_mail_counts_by_the_most_that_became_of_it(kept: Store) -> None:
    mail(kept, 1, 40, opened(39), (EventKind.CLICKED, Verdict.HUMAN, 39))
    mail(kept, 2, 30, opened(29), opened(28))
    mail(kept, 3, 20, opened(19, Verdict.MACHINE))
    mail(kept, 4, 10, opened(9, Verdict.UNKNOWN))
    mail(kept, 5, 8, (EventKind.REPLIED, Verdict.HUMAN, 7))
    found = kept.engagement.of_address(ALICE, NOW)
    assert engagement_parts(found) == (
        "5 tracked mails: 1 answered, 1 clicked, 1 opened, 1 perhaps opened, 1 without a sign"
    )


def test_who_opens_again_and_again_and_does_not_answer_is_hot(kept: Store) -> None:
    mail(kept, 1, 6, opened(5), opened(3), opened(1))
    assert engagement_words(kept.engagement.of_address(ALICE, NOW)).startswith("Hot: ")


def test_machines_make_nobody_hot(kept: Store) -> None:
    mail(kept, 1, 6, *[opened(ago, Verdict.MACHINE) for ago in (5, 4, 3, 2, 1)])
    assert kept.engagement.of_address(ALICE, NOW).state is EngagementState.NEW


def test_the_newest_mail_that_came_back_makes_unreachable(kept: Store) -> None:
    mail(kept, 1, 60, opened(59))
    mail(kept, 2, 5, (EventKind.BOUNCED, Verdict.HUMAN, 5))
    assert kept.engagement.of_address(ALICE, NOW).state is EngagementState.UNREACHABLE


def test_who_withdrew_is_not_called_inactive(kept: Store) -> None:
    for number in range(1, 9):
        mail(kept, number, 40 * number)
    assert kept.engagement.of_address(ALICE, NOW).state is EngagementState.INACTIVE
    withdrawn = {Purpose.OPENS: Consent.WITHDRAWN, Purpose.CLICKS: Consent.WITHDRAWN}
    kept.contacts.record_consent(alice(kept).id, withdrawn, NOW, how="by hand")
    assert kept.engagement.of_address(ALICE, NOW).state is EngagementState.UNKNOWN


def test_who_was_never_mailed_is_new(kept: Store) -> None:
    assert engagement_json(kept.engagement.of_address(ALICE, NOW)) == {
        "state": "new",
        "score": None,
        "mails": 0,
        "answered": 0,
        "clicked": 0,
        "opened": 0,
        "perhaps_opened": 0,
        "nothing": 0,
        "last_mailed_at": None,
        "last_seen_at": None,
    }
