"""A campaign under way: who gets what when, variants, winners, follow-ups."""

from datetime import UTC, datetime
from typing import Any

import pytest

from postlude.model.errors import InputError, NotFoundError
from postlude.model.event import Event
from postlude.model.words import CampaignStatus, CopyStatus, EventKind, SendOutcome, Verdict, WinnerRule
from postlude.services.campaigns.drafts import VariantContent, change_campaign
from postlude.services.campaigns.follow_up import FollowUp, follow_up
from postlude.services.campaigns.lifecycle import cancel_campaign, choose_winner, pause_campaign, resume_campaign
from postlude.services.campaigns.progress import progress_of
from postlude.services.campaigns.report import report_of
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.campaigns.variants import begins_at, due_at, local_moment
from postlude.services.campaigns.work import CampaignWork, worker_wanted
from postlude.store import AttemptResult, Batch
from postlude.store.campaigns.rows import Campaign, CampaignClaim, CampaignOptions

from .conftest import World

HOUR = 3_600_000_000


def utc(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, UTC).strftime("%d %H:%M")


def begin(world: World, campaign: Campaign) -> tuple[CampaignWork, Campaign]:
    """Scheduled at once, begun, everybody taken in."""
    schedule_campaign(world.store, world.contents, world.clock, campaign.id)
    assert worker_wanted(world.store, world.clock.now())
    work = CampaignWork(world.store, world.clock, 1)
    (found,) = work.under_way()
    work.enqueue_audience(found)
    return work, world.store.campaigns.get(campaign.id)


def send_all(world: World, work: CampaignWork, campaign: Campaign) -> dict[str, tuple[int, int]]:
    """Message and copy by address, all handed over."""
    claims = work.claim(campaign, 100)
    world.store.digest.apply(
        Batch(
            attempts=[
                AttemptResult(claim.copy, SendOutcome.ACCEPTED, world.clock.now(), 1, 250, message=claim.message)
                for claim in claims
            ]
        )
    )
    return {claim.address.partition("@")[0]: (claim.message, claim.copy) for claim in claims}


def happens(world: World, kind: EventKind, where: tuple[int, int], verdict: Verdict = Verdict.HUMAN) -> None:
    event = Event(world.clock.now() + where[1], kind, world.clock.now(), *where, position=0, verdict=verdict)
    world.store.digest.apply(Batch(events=[event]))


def test_from_draft_to_sent(world: World) -> None:
    work, campaign = begin(world, world.draft())
    assert campaign.taken_in
    before = progress_of(world.store, world.clock, campaign)
    assert before.total == 3
    assert before.done == 0
    send_all(world, work, campaign)
    world.clock.later(1 / 3600)
    now = progress_of(world.store, world.clock, campaign, before)
    assert now.done == 3
    assert now.rate == 3.0
    assert now.remaining_s == 0.0
    assert work.finish(campaign)
    assert world.store.campaigns.get(campaign.id).status is CampaignStatus.SENT
    assert not worker_wanted(world.store, world.clock.now())


def test_the_report_keeps_people_and_machines_apart(world: World) -> None:
    work, campaign = begin(world, world.draft())
    sent = send_all(world, work, campaign)
    happens(world, EventKind.OPENED, sent["alice"])
    happens(world, EventKind.CLICKED, sent["alice"])
    happens(world, EventKind.OPENED, sent["bob"], Verdict.MACHINE)
    happens(world, EventKind.OPENED, sent["charlie"], Verdict.UNKNOWN)
    report = report_of(world.store, world.store.campaigns.get(campaign.id))
    funnel = report.all
    assert funnel.sent == 3
    assert funnel.delivered == 3
    assert funnel.opened == 1
    assert funnel.clicked == 1
    assert funnel.opened_machine == 1
    assert funnel.opened_unknown == 1
    assert [(one.url, one.clicks) for one in report.links if one.tracked] == [("https://shop.example.com/offer?a=1", 1)]


def test_follow_ups_leave_alone_who_opened_or_answered(world: World) -> None:
    work, campaign = begin(world, world.draft())
    sent = send_all(world, work, campaign)
    happens(world, EventKind.OPENED, sent["alice"])
    happens(world, EventKind.OPENED, sent["bob"], Verdict.MACHINE)
    happens(world, EventKind.REPLIED, sent["charlie"])
    again = follow_up(world.store, world.folder, world.clock, campaign.id, FollowUp.NOT_OPENED)
    assert [one.contact.address for one in world.store.contacts.audience_page(again.audience)] == ["bob@customer.test"]
    assert again.status is CampaignStatus.DRAFT
    assert again.options.follows == campaign.id
    happens(world, EventKind.CLICKED, sent["alice"])
    clicked = follow_up(world.store, world.folder, world.clock, campaign.id, FollowUp.CLICKED, "Thanks")
    assert [one.contact.address for one in world.store.contacts.audience_page(clicked.audience)] == [
        "alice@customer.test"
    ]
    world.store.suppressions.add("alice@customer.test", "unsubscribed")
    assert world.store.contacts.audience_count(clicked.audience) == 0
    with pytest.raises(InputError, match="send it first"):
        follow_up(world.store, world.folder, world.clock, again.id, FollowUp.CLICKED)


def two_variants(world: World, **options: Any) -> Campaign:
    for number in range(60):
        world.store.contacts.add(f"p{number}@customer.test", 50 + number)
    made = world.draft()
    options = {"test_percent": 50, "test_hours": 2.0} | options
    everyone = world.store.campaigns.get(made.id).audience.__class__(everyone=True)
    return change_campaign(
        world.store, made.id, {}, {"B": VariantContent(subject="Another")}, everyone, CampaignOptions(**options)
    )


def test_a_variant_inherits_what_it_does_not_set(world: World) -> None:
    first, second = world.store.campaigns.variants(two_variants(world).id)
    assert second.subject == "Another"
    assert second.html == first.html


def test_a_part_of_the_audience_gets_the_variants_first(world: World) -> None:
    made = two_variants(world, rule=WinnerRule.CLICKED)
    first, second = world.store.campaigns.variants(made.id)
    work, campaign = begin(world, made)
    assert campaign.decide_at == world.clock.now() + 2 * HOUR
    counts = world.store.campaigns.counts(made.id)
    assert counts[CopyStatus.HELD] + counts[CopyStatus.QUEUED] == 63
    assert 12 < counts[CopyStatus.QUEUED] < 51  # half of 63, at random
    by_message = [message for message, _ in send_all(world, work, campaign).values()]
    assert abs(by_message.count(first.message) - by_message.count(second.message)) < 30


def test_the_better_variant_goes_to_the_rest(world: World) -> None:
    made = two_variants(world, rule=WinnerRule.CLICKED, winner_recipients=5, winner_percent=55)
    better = world.store.campaigns.variants(made.id)[1].message
    work, campaign = begin(world, made)
    held = world.store.campaigns.counts(made.id)[CopyStatus.HELD]
    sent = send_all(world, work, campaign)
    happens(world, EventKind.CLICKED, next(where for where in sent.values() if where[0] == better))
    assert work.claim(campaign, 100) == []
    world.clock.later(2.1)
    work.under_way()
    rest = work.claim(campaign, 100)
    assert len(rest) == held
    assert {claim.message for claim in rest} == {better}
    assert world.store.campaigns.get(made.id).winner == better


def test_without_enough_recipients_the_rest_gets_the_first_variant(world: World) -> None:
    made = two_variants(world, rule=WinnerRule.CLICKED, winner_percent=50)
    first, second = world.store.campaigns.variants(made.id)
    work, campaign = begin(world, made)
    for where in send_all(world, work, campaign).values():
        if where[0] == second.message:
            happens(world, EventKind.CLICKED, where)
    world.clock.later(2.1)
    work.under_way()
    assert {claim.message for claim in work.claim(campaign, 100)} == {first.message}
    verdict = report_of(world.store, world.store.campaigns.get(made.id)).parts.verdict
    assert verdict is not None
    assert not verdict.decided


@pytest.fixture
def tested(world: World) -> tuple[CampaignWork, Campaign]:
    """Both variants are sent, and a person decides."""
    work, campaign = begin(world, two_variants(world, rule=WinnerRule.MANUAL))
    send_all(world, work, campaign)
    return work, campaign


def test_a_winner_can_be_chosen_by_hand(world: World, tested: tuple[CampaignWork, Campaign]) -> None:
    work, campaign = tested
    assert campaign.decide_at is None
    choose_winner(world.store, campaign.id, "a")
    first, _ = world.store.campaigns.variants(campaign.id)
    assert {claim.message for claim in work.claim(campaign, 100)} == {first.message}


def test_a_winner_is_one_of_the_variants(world: World, tested: tuple[CampaignWork, Campaign]) -> None:
    with pytest.raises(NotFoundError, match="no variant"):
        choose_winner(world.store, tested[1].id, "C")


def test_a_winner_is_chosen_once(world: World, tested: tuple[CampaignWork, Campaign]) -> None:
    choose_winner(world.store, tested[1].id, "a")
    with pytest.raises(InputError, match="has its winner"):
        choose_winner(world.store, tested[1].id, "B")


def test_without_a_test_everybody_gets_one_of_the_variants(world: World) -> None:
    work, campaign = begin(world, two_variants(world, test_percent=0))
    messages = [claim.message for claim in work.claim(campaign, 100)]
    assert len(messages) == 63
    assert abs(messages.count(messages[0]) - 31.5) < 1


def test_each_contact_at_the_same_hour_of_their_own_clock() -> None:
    at = local_moment("2026-12-01 09:00", "Europe/Berlin")
    campaign = Campaign(
        id=1,
        user=1,
        name="",
        scheduled_at=at,
        options=CampaignOptions(local_time=True, time_zone="Europe/Berlin"),
    )
    assert utc(begins_at(campaign)) == "30 19:00"  # 9 o'clock in UTC+14
    began = Campaign(
        **{name: getattr(campaign, name) for name in campaign.__struct_fields__} | {"started_at": begins_at(campaign)}
    )
    zones = ["Asia/Tokyo", "Europe/Berlin", "", "America/New_York", "No/Where"]
    assert [utc(due_at(began, zone)) for zone in zones] == ["01 00:00", "01 08:00", "01 08:00", "01 14:00", "01 08:00"]
    late = Campaign(
        **{name: getattr(campaign, name) for name in campaign.__struct_fields__} | {"started_at": at - HOUR}
    )
    assert utc(due_at(late, "Asia/Tokyo")) == "02 00:00"  # that hour is over there: the next day
    assert due_at(Campaign(id=1, user=1, name=""), "Asia/Tokyo") == 0


def test_a_paused_campaign_gives_nothing_out(world: World) -> None:
    work, campaign = begin(world, world.draft())
    assert pause_campaign(world.store, campaign.id).status is CampaignStatus.PAUSED
    assert work.claim(campaign, 5) == []
    with pytest.raises(InputError, match="cannot be paused"):
        pause_campaign(world.store, campaign.id)


def test_a_resumed_campaign_goes_on(world: World) -> None:
    work, campaign = begin(world, world.draft())
    pause_campaign(world.store, campaign.id)
    resume_campaign(world.store, campaign.id)
    assert len(work.claim(campaign, 1)) == 1


@pytest.fixture
def cancelled(world: World) -> list[CampaignClaim]:
    """What a worker had of a campaign when it was cancelled: two copies of three."""
    work, campaign = begin(world, world.draft())
    claims = work.claim(campaign, 2)
    cancel_campaign(world.store, world.clock, campaign.id)
    return claims


def of_all(world: World) -> dict[CopyStatus, int]:
    [campaign] = world.store.campaigns.latest()
    return world.store.campaigns.counts(campaign.id)


@pytest.mark.usefixtures("cancelled")
def test_cancelling_leaves_alone_what_is_being_sent(world: World) -> None:
    assert of_all(world) == {CopyStatus.CANCELLED: 1, CopyStatus.CLAIMED: 2}


def test_what_is_given_back_of_a_cancelled_campaign_is_cancelled(world: World, cancelled: list[CampaignClaim]) -> None:
    world.store.campaigns.give_back([cancelled[0].copy])
    assert world.store.messages.copy(cancelled[0].copy).status is CopyStatus.CANCELLED


def test_what_is_deferred_of_a_cancelled_campaign_is_cancelled(world: World, cancelled: list[CampaignClaim]) -> None:
    later = [
        AttemptResult(one.copy, SendOutcome.DEFERRED, 9, 1, 451, retry_at=world.clock.now() + HOUR) for one in cancelled
    ]
    world.store.digest.apply(Batch(attempts=later))
    assert not worker_wanted(world.store, world.clock.now())
    assert of_all(world) == {CopyStatus.CANCELLED: 3}


@pytest.mark.usefixtures("cancelled")
def test_a_cancelled_campaign_is_over(world: World) -> None:
    [campaign] = world.store.campaigns.latest()
    with pytest.raises(InputError, match="it is over"):
        resume_campaign(world.store, campaign.id)


def test_a_scheduled_campaign_waits_for_its_time_and_can_be_changed_again(world: World) -> None:
    made = world.draft()
    schedule_campaign(world.store, world.contents, world.clock, made.id, world.clock.now() + HOUR)
    work = CampaignWork(world.store, world.clock, 1)
    assert work.under_way() == []
    assert not worker_wanted(world.store, world.clock.now())
    assert pause_campaign(world.store, made.id).status is CampaignStatus.DRAFT
    schedule_campaign(world.store, world.contents, world.clock, made.id, world.clock.now() + HOUR)
    world.clock.later(1)
    assert [one.id for one in work.under_way()] == [made.id]
