"""Campaigns in the store: taken in once, claimed by one, given back, finished."""

import threading
from collections import Counter
from typing import Any

import msgspec
import pytest

from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus, CopyStatus, SendOutcome, Via
from postlude.store import AttemptResult, Batch, Message, Store, Submission, open_store
from postlude.store.campaigns.rows import Campaign, CampaignOptions, Variant
from postlude.store.campaigns.sending import CopyPlace
from postlude.store.contacts.rows import Audience

CAMPAIGN, MESSAGE = 500, 501
EVERYONE = Audience(everyone=True)
SECOND = 1_000_000


def everybody(store: Store, count: int, **options: Any) -> Campaign:
    """A campaign to so many contacts, sending."""
    for number in range(count):
        store.contacts.add(f"r{number}@example.org", SECOND, fields={"n": number})
    made = Campaign(id=CAMPAIGN, user=7, name="News", audience=EVERYONE, options=CampaignOptions(**options))
    store.campaigns.add(made, [Variant(campaign=CAMPAIGN, message=MESSAGE, subject="Hello")])
    message = Message(
        id=MESSAGE,
        user=7,
        message_id="",
        subject="Hello",
        sender="a@x.org",
        mail_from="",
        via=Via.CAMPAIGN,
        created_at=1,
    )
    assert store.campaigns.fix(CAMPAIGN, [Submission(message, (), ())], scheduled_at=1, expected=count)
    assert store.campaigns.move(CAMPAIGN, [CampaignStatus.SCHEDULED], CampaignStatus.SENDING, started_at=2)
    return store.campaigns.get(CAMPAIGN)


def now_(_number: int, _zone: str) -> CopyPlace:
    return CopyPlace(MESSAGE, CopyStatus.QUEUED, 0)


def enqueue_all(store: Store, limit: int = 100) -> None:
    while not store.campaigns.enqueue_audience(CAMPAIGN, EVERYONE, limit, now_).complete:
        pass


def accepted(copies: list[int]) -> Batch:
    return Batch(attempts=[AttemptResult(copy, SendOutcome.ACCEPTED, 9, 1, 250, message=MESSAGE) for copy in copies])


def test_everybody_has_one_copy_however_often_and_by_whom_it_is_taken_in(store: Store, state_url: str) -> None:
    everybody(store, 250)
    start = threading.Barrier(3)

    def work() -> None:
        own = open_store(state_url)
        start.wait()
        while not own.campaigns.enqueue_audience(CAMPAIGN, EVERYONE, 20, now_).complete:
            pass
        own.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recipients = Counter(copy.recipient for copy in store.messages.copies(MESSAGE))
    assert recipients == Counter(f"r{number}@example.org" for number in range(250))
    assert store.campaigns.get(CAMPAIGN).taken_in
    assert store.campaigns.counts(CAMPAIGN) == {CopyStatus.QUEUED: 250}


def test_workers_share_a_campaign_without_overlap(store: Store, state_url: str) -> None:
    everybody(store, 300)
    enqueue_all(store)
    got: list[int] = []
    start = threading.Barrier(4)

    def work(worker: int) -> None:
        own = open_store(state_url)
        start.wait()
        while claims := own.campaigns.claim(CAMPAIGN, 17, 10, worker):
            got.extend(claim.copy for claim in claims)
        own.close()

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 300
    assert store.sending.claim(10, 10, 1) == []  # single mails' worker leaves them alone


def test_a_claim_brings_what_composing_needs(store: Store) -> None:
    everybody(store, 2)
    enqueue_all(store)
    store.suppressions.add("r1@example.org", "complained")
    first, second = sorted(store.campaigns.claim(CAMPAIGN, 5, 10, 1), key=lambda one: one.address)
    assert first.message == MESSAGE
    assert first.recipient == "r0@example.org"
    assert first.attempt == 1
    assert first.fields == {"n": 0}
    assert first.suppressed is None
    assert second.suppressed == "complained"
    store.campaigns.give_back([first.copy])
    (again,) = store.campaigns.claim(CAMPAIGN, 5, 10, 1)
    assert again.copy == first.copy
    assert again.attempt == 1
    assert store.campaigns.counts(CAMPAIGN) == {CopyStatus.CLAIMED: 2}


def test_a_dead_workers_claims_are_given_back_and_what_it_had_begun_is_in_flight(store: Store) -> None:
    everybody(store, 5)
    enqueue_all(store)
    dead = store.sending.begin_worker("worker-1", 1)
    store.digest.apply(Batch(workers=[dead]))
    claims = store.campaigns.claim(CAMPAIGN, 4, 10, dead)
    ids = [claim.copy for claim in claims]
    store.digest.apply(Batch(started=ids[:2]))
    store.digest.apply(Batch(started=[ids[2]], attempts=accepted([ids[2]]).attempts))
    assert [claim.copy for claim in store.sending.left_in_flight([dead])] == ids[:2]
    assert store.sending.end_workers([dead]) == 1
    counts = store.campaigns.counts(CAMPAIGN)
    assert counts == {CopyStatus.SENDING: 2, CopyStatus.SENT: 1, CopyStatus.QUEUED: 2}


def test_nothing_is_claimed_while_it_is_paused_and_what_waits_can_be_cancelled(store: Store) -> None:
    everybody(store, 3)
    enqueue_all(store)
    (begun,) = store.campaigns.claim(CAMPAIGN, 1, 10, 1)
    assert store.campaigns.move(CAMPAIGN, [CampaignStatus.SENDING], CampaignStatus.PAUSED)
    assert store.campaigns.claim(CAMPAIGN, 5, 10, 1) == []
    assert not store.campaigns.finish(CAMPAIGN, 20)
    assert store.campaigns.move(CAMPAIGN, [CampaignStatus.PAUSED], CampaignStatus.CANCELLED)
    assert store.campaigns.cancel_copies(CAMPAIGN) == 2
    assert store.messages.copy(begun.copy).status is CopyStatus.CLAIMED
    assert store.sending.campaign_copies_claimed()
    store.campaigns.give_back([begun.copy])
    assert store.campaigns.counts(CAMPAIGN) == {CopyStatus.CANCELLED: 3}
    assert not store.sending.campaign_copies_claimed()


def test_it_is_finished_when_every_copy_has_its_outcome(store: Store) -> None:
    everybody(store, 2)
    assert not store.campaigns.finish(CAMPAIGN, 20)  # nobody is taken in yet
    enqueue_all(store)
    ids = [claim.copy for claim in store.campaigns.claim(CAMPAIGN, 5, 10, 1)]
    store.digest.apply(accepted(ids[:1]))
    store.digest.apply(Batch(attempts=[AttemptResult(ids[1], SendOutcome.DEFERRED, 9, 1, 451, retry_at=500)]))
    assert not store.campaigns.finish(CAMPAIGN, 20)
    assert store.campaigns.due(CAMPAIGN) == 500
    assert [claim.attempt for claim in store.campaigns.claim(CAMPAIGN, 5, 500, 1)] == [2]
    store.digest.apply(accepted(ids[1:]))
    assert store.campaigns.finish(CAMPAIGN, 20)
    assert store.campaigns.get(CAMPAIGN).status is CampaignStatus.SENT


def test_the_throttle_holds_for_all_workers_together(store: Store) -> None:
    everybody(store, 60, per_hour=36_000)  # ten a second
    enqueue_all(store)
    at = 1_000 * SECOND
    got = [len(store.campaigns.claim(CAMPAIGN, 100, at + step * SECOND // 4, step % 3)) for step in range(13)]
    assert sum(got) in range(39, 42)  # ten at once, thirty in three seconds
    assert max(got[1:]) <= 3


def test_held_copies_leave_as_the_winner(store: Store) -> None:
    everybody(store, 4)
    store.campaigns.enqueue_audience(
        CAMPAIGN,
        EVERYONE,
        100,
        lambda number, _: CopyPlace(MESSAGE, CopyStatus.HELD if number else CopyStatus.QUEUED, 0),
    )
    assert len(store.campaigns.claim(CAMPAIGN, 9, 10, 1)) == 1
    assert store.campaigns.release_held(CAMPAIGN, 777, limit=2) == 2
    assert store.campaigns.release_held(CAMPAIGN, 777) == 1
    assert {claim.message for claim in store.campaigns.claim(CAMPAIGN, 9, 10, 1)} == {777}


def test_only_drafts_change(store: Store) -> None:
    made = everybody(store, 1)
    with pytest.raises(InputError, match="only a draft"):
        store.campaigns.change(msgspec.structs.replace(made, name="Other"), store.campaigns.variants(CAMPAIGN))
    with pytest.raises(InputError, match="only a draft"):
        store.campaigns.delete(CAMPAIGN)
    assert not store.campaigns.unschedule(CAMPAIGN)


def test_a_copy_that_is_sent_again_on_request_opens_its_campaign_again(store: Store) -> None:
    everybody(store, 1)
    enqueue_all(store)
    (claim,) = store.campaigns.claim(CAMPAIGN, 5, 10, 1)
    store.digest.apply(Batch(attempts=[AttemptResult(claim.copy, SendOutcome.INDETERMINATE, 9, 1)]))
    assert store.campaigns.finish(CAMPAIGN, 20)
    store.digest.apply(Batch(resends=[claim.copy]))
    assert store.campaigns.get(CAMPAIGN).status is CampaignStatus.SENDING
    assert [again.copy for again in store.campaigns.claim(CAMPAIGN, 5, 10, 1)] == [claim.copy]


def test_a_users_campaigns_come_the_newest_first(store: Store) -> None:
    for number, begun in enumerate((50, None, 70)):
        made = Campaign(id=600 + number, user=7, name=f"C{number}", created_at=60, started_at=begun)
        store.campaigns.add(made, [Variant(campaign=600 + number, message=700 + number)])
    store.campaigns.add(Campaign(id=690, user=8, name="Hers"), [Variant(campaign=690, message=790)])
    assert [one.name for one in store.campaigns.of_user(7)] == ["C2", "C1", "C0"]
    assert [one.name for one in store.campaigns.of_user(7, [CampaignStatus.DRAFT], 1)] == ["C2"]
    assert store.campaigns.of_user(7, [CampaignStatus.SENT]) == []


def test_messages_know_the_names_of_their_campaigns(store: Store) -> None:
    variants = [Variant(campaign=600, message=700), Variant(campaign=600, name="B", message=701)]
    store.campaigns.add(Campaign(id=600, user=7, name="News"), variants)
    assert store.campaigns.names_of([700, 701, 999]) == {700: "News", 701: "News"}
