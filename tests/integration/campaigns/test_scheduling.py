"""Scheduling: what an operator set for a user holds for the recipients of campaigns."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from postlude.model.errors import InputError, QuotaError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.lifecycle import pause_campaign, resume_campaign
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.campaigns.test_mail import compose_test_mail
from postlude.services.campaigns.work import CampaignWork
from postlude.store.campaigns.rows import Campaign

from .conftest import World

HOUR = 3_600_000_000


def schedule(world: World, campaign: Campaign, hours: int = 0) -> Campaign:
    at = world.clock.now() + hours * HOUR
    return schedule_campaign(world.store, world.contents, world.clock, campaign.id, at)


def limit(world: World, **limits: int) -> None:
    owner = world.store.accounts.first_user()
    assert owner is not None
    world.store.accounts.set_limits(owner.id, limits)


def test_a_campaign_over_the_users_own_limit_stays_a_draft(world: World) -> None:
    limit(world, recipients_per_day=2)
    made = world.draft()
    with pytest.raises(QuotaError, match="3 recipients within 24 h"):
        schedule(world, made)
    assert world.store.campaigns.get(made.id).status is CampaignStatus.DRAFT


@pytest.mark.parametrize(("hours", "fits"), [(0, False), (23, False), (24, True)])
def test_campaigns_of_one_day_count_together(world: World, hours: int, fits: bool) -> None:
    limit(world, recipients_per_day=5)
    schedule(world, world.draft("one"))
    second = world.draft("two")
    if fits:
        schedule(world, second, hours)
    else:
        with pytest.raises(QuotaError):
            schedule(world, second, hours)


def test_one_that_is_a_draft_again_does_not_count(world: World) -> None:
    limit(world, recipients_per_day=3)
    first = world.draft("one")
    schedule(world, first, 1)
    pause_campaign(world.store, first.id)
    schedule(world, world.draft("two"), 1)


def test_of_several_at_the_same_moment_as_many_pass_as_there_is_room_for(world: World) -> None:
    limit(world, recipients_per_hour=3)
    drafts = [world.draft(f"number {number}") for number in range(4)]

    def passes(draft: Campaign) -> bool:
        try:
            schedule(world, draft)
        except QuotaError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(passes, drafts)) == 1


def test_without_a_limit_of_their_own_users_send_to_everybody(world: World) -> None:
    limit(world, messages_per_day=1)
    schedule(world, world.draft("one"))
    schedule(world, world.draft("two"))


def take_away(world: World, right: str) -> None:
    owner = world.store.accounts.first_user()
    assert owner is not None
    if right == "sender":
        world.store.accounts.set_senders(owner.id, ())
    else:
        world.store.accounts.set_disabled(owner.id, world.clock.now())


@pytest.mark.parametrize("right", ["sender", "user"])
def test_a_right_that_ended_ends_what_was_scheduled_with_it(world: World, right: str) -> None:
    made = schedule(world, world.draft(), 1)
    take_away(world, right)
    world.clock.later(2)
    assert CampaignWork(world.store, world.clock, 1).under_way() == []
    left = world.store.campaigns.get(made.id)
    assert left.status is CampaignStatus.DRAFT
    assert "did not leave" in left.problem


@pytest.mark.parametrize("right", ["sender", "user"])
def test_a_right_that_ended_pauses_what_is_sent_with_it(world: World, right: str) -> None:
    made, work = schedule(world, world.draft()), CampaignWork(world.store, world.clock, 1)
    assert [one.id for one in work.under_way()] == [made.id]
    take_away(world, right)
    assert work.under_way() == []
    assert world.store.campaigns.get(made.id).status is CampaignStatus.PAUSED
    with pytest.raises(InputError):
        resume_campaign(world.store, made.id)


@pytest.mark.parametrize("right", ["sender", "user"])
def test_no_test_mail_without_the_right_to_its_sender(world: World, right: str) -> None:
    made = world.draft()
    take_away(world, right)
    (variant,) = world.store.campaigns.variants(made.id)
    with pytest.raises(InputError):
        compose_test_mail(world.contents, world.store.campaigns.get(made.id), variant, None, ["a@example.org"])
    with pytest.raises(InputError):
        schedule(world, made)
