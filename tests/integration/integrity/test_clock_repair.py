"""A clock that was ahead, by minutes or days, leaves times behind; after it is set right nothing waits for them."""

import pytest
from sqlalchemy import update

from postlude.model.words import CampaignStatus, SendOutcome, Via
from postlude.services.accounts.sessions import end_sessions, session_user
from postlude.services.campaigns.scheduling import UNDO_SECONDS
from postlude.services.integrity.clock_repair import repair_times
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.campaigns.tables import campaigns
from postlude.store.contacts.rows import Audience
from postlude.store.messages.tables import copies
from support.wrong_clock import AHEAD, DAY, HOUR, MINUTE, RETRY, SECOND, WORKER, SettableClock, submit_at


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def defer(store: Store, clock: SettableClock, outcome: SendOutcome = SendOutcome.DEFERRED) -> int:
    """A copy that was tried, and has a time for its next try."""
    copy = submit_at(store, clock)
    store.sending.claim(1, clock.at, WORKER)
    later = RETRY.next_at(clock.at, clock.at, 1)
    store.digest.apply(Batch(attempts=[AttemptResult(copy, outcome, clock.at, 1, 451, retry_at=later)]))
    return copy


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize("outcome", [SendOutcome.DEFERRED, SendOutcome.INDETERMINATE])
def test_a_copy_that_was_deferred_while_the_clock_was_ahead_is_due(
    store: Store, clock: SettableClock, ahead: int, outcome: SendOutcome
) -> None:
    clock.at += ahead
    copy = defer(store, clock, outcome)
    clock.at -= ahead
    assert repair_times(store, clock, RETRY) == {"waiting copies": 1}
    assert [one.copy for one in store.sending.claim(5, clock.at, WORKER)] == [copy]


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_mail_that_was_handed_in_while_the_clock_was_ahead_is_due(
    store: Store, clock: SettableClock, ahead: int
) -> None:
    message = Message(
        id=1,
        user=7,
        message_id="",
        subject="",
        sender="",
        mail_from="",
        via=Via.RELAY,
        created_at=clock.at + ahead,
    )
    rows = (Copy(1, 1, "r@example.org", next_attempt_at=clock.at + ahead),)
    store.digest.apply(Batch(submissions=[Submission(message, (), rows)]))
    assert store.sending.claim(1, clock.at, WORKER) == []
    assert repair_times(store, clock, RETRY) == {"waiting copies": 1}
    assert [one.copy for one in store.sending.claim(1, clock.at, WORKER)] == [1]


@pytest.mark.parametrize("attempt", range(1, 9))
def test_what_waits_as_long_as_it_should_goes_on_waiting(store: Store, clock: SettableClock, attempt: int) -> None:
    submit_at(store, clock)
    later = 0
    for number in range(1, attempt + 1):
        store.sending.claim(1, max(clock.at, later), WORKER)
        later = RETRY.next_at(clock.at, clock.at, number)
        result = AttemptResult(1, SendOutcome.DEFERRED, clock.at, number, 451, retry_at=later)
        store.digest.apply(Batch(attempts=[result]))
    assert repair_times(store, clock, RETRY) == {}
    assert store.messages.copy(1).next_attempt_at == later > clock.at


@pytest.mark.parametrize(
    ("wait", "stepped", "repaired"), [(25 * HOUR, False, 0), (27 * HOUR, False, 1), (HOUR, True, 1)]
)
def test_what_a_limit_held_is_asked_again_when_no_limit_is_as_long(
    store: Store, clock: SettableClock, wait: int, stepped: bool, repaired: int
) -> None:
    copy = submit_at(store, clock)
    store.sending.claim(1, clock.at, WORKER)
    store.campaigns.postpone([copy], clock.at + wait, "a limit")
    assert sum(repair_times(store, clock, RETRY, stepped=stepped).values()) == repaired
    assert bool(store.sending.claim(1, clock.at, WORKER)) is bool(repaired)


def test_a_worker_that_started_in_the_future_says_that_the_clock_was_ahead(store: Store, clock: SettableClock) -> None:
    copy = submit_at(store, clock)
    store.sending.claim(1, clock.at, WORKER)
    store.campaigns.postpone([copy], clock.at + 2 * HOUR, "a limit")
    store.sending.begin_worker("x/app", clock.at + HOUR)
    assert repair_times(store, clock, RETRY) == {"waiting copies": 1, "workers.started_at": 1}
    assert repair_times(store, clock, RETRY) == {}


def campaign(store: Store, **values: object) -> Campaign:
    made = Campaign(id=5, user=7, name="News", sender="a@example.org", audience=Audience(everyone=True))
    store.campaigns.add(made, [Variant(campaign=5, message=9, subject="", html="")])
    with store._database.write() as connection:
        connection.execute(update(campaigns).values({"status": CampaignStatus.SENDING.value, **values}))
    return store.campaigns.get(5)


def test_a_throttled_campaign_goes_on(store: Store, clock: SettableClock) -> None:
    campaign(store, paced_to=clock.at + 2 * DAY, options={"per_hour": 3600}, taken_in=True)
    submit_at(store, clock)
    with store._database.write() as connection:
        connection.execute(update(copies).where(copies.c.id == 1).values(campaign=5, next_attempt_at=0))
    assert store.campaigns.claim(5, 10, clock.at, WORKER) == []  # its pace begins now
    assert len(store.campaigns.claim(5, 10, clock.at + 2 * SECOND, WORKER)) == 1
    assert store.campaigns.get(5).paced_to <= clock.at + 2 * SECOND


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize(("chosen", "repaired"), [(0, True), (UNDO_SECONDS * SECOND, True), (HOUR, False)])
def test_a_campaign_that_is_sent_at_once_does_not_wait_for_the_clock(
    store: Store, clock: SettableClock, ahead: int, chosen: int, repaired: bool
) -> None:
    wanted = clock.at + ahead + chosen
    fixed = Message(
        id=9,
        user=7,
        message_id="",
        subject="",
        sender="",
        mail_from="",
        via=Via.CAMPAIGN,
        created_at=clock.at + ahead,
    )
    campaign(store, status=CampaignStatus.DRAFT.value)
    assert store.campaigns.fix(5, [Submission(fixed, (), ())], wanted, 1)
    assert repair_times(store, clock, RETRY) == ({"campaigns to be sent at once": 1} if repaired else {})
    assert store.campaigns.get(5).scheduled_at == (clock.at if repaired else wanted)


def test_who_signed_out_everywhere_can_sign_in(store: Store, clock: SettableClock) -> None:
    user = store.accounts.create_user("alice@example.org", created_at=clock.at)
    clock.at += 2 * DAY
    end_sessions(store, clock, user)
    clock.at -= 2 * DAY
    began = clock.at + MINUTE
    assert session_user(store, user.id, "s", began) is None
    assert repair_times(store, clock, RETRY) == {"users.sessions_from": 1}
    assert session_user(store, user.id, "s", began) is not None
