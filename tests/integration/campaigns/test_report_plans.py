"""Reports by mail: what is due when, and to whom."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from postlude.kit.ids import id_text
from postlude.model.errors import InputError, NotFoundError
from postlude.services.campaigns.report_plans import (
    DueReport,
    Occasion,
    ReportPlan,
    add_plan,
    due_reports,
    next_moment,
    plans_of,
    put_plan,
    remove_plan,
)
from postlude.store import User
from support.past_campaigns import HOUR_US, past_campaign

from .conftest import World

DAY_US = 24 * HOUR_US


def _at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


@pytest.fixture
def owner(world: World) -> User:
    found = world.store.accounts.first_user()
    assert found is not None
    world.clock.at = _at("2026-12-02 12:00")  # a Wednesday
    return found


@pytest.mark.parametrize(
    ("occasion", "zone", "after", "moment"),
    [
        (Occasion.WEEKLY, "UTC", "2026-12-02 12:00", "2026-12-07 07:00"),
        (Occasion.WEEKLY, "UTC", "2026-12-07 06:59", "2026-12-07 07:00"),
        (Occasion.WEEKLY, "UTC", "2026-12-07 07:00", "2026-12-14 07:00"),
        (Occasion.WEEKLY, "Europe/Berlin", "2026-12-02 12:00", "2026-12-07 06:00"),
        (Occasion.WEEKLY, "Europe/Berlin", "2027-03-24 12:00", "2027-03-29 05:00"),
        (Occasion.MONTHLY, "UTC", "2026-12-02 12:00", "2027-01-01 07:00"),
        (Occasion.MONTHLY, "Pacific/Kiritimati", "2026-12-02 12:00", "2026-12-31 17:00"),
    ],
)
def test_moments_are_on_the_clocks_of_the_zone(occasion: Occasion, zone: str, after: str, moment: str) -> None:
    plan = ReportPlan(id=1, user=1, occasion=occasion, time_zone=zone)
    assert next_moment(plan, _at(after)) == _at(moment)


def _due(world: World, text: str) -> list[DueReport]:
    return due_reports(world.store, _at(text))


def test_a_week_has_the_campaigns_that_began_in_it(world: World, owner: User) -> None:
    add_plan(world.store, world.clock, owner, Occasion.WEEKLY, [])
    for name, day in (("before", "2026-12-01 09:00"), ("in it", "2026-12-05 09:00"), ("next", "2026-12-07 08:00")):
        past_campaign(world.store, owner.id, name, _at(day), 3, {})
    assert _due(world, "2026-12-07 06:59") == []
    [due] = _due(world, "2026-12-07 09:00")
    assert [one.name for one in due.campaigns] == ["in it"]
    assert due.until == _at("2026-12-07 07:00")


def test_after_a_standstill_one_report_has_all_of_it(world: World, owner: User) -> None:
    add_plan(world.store, world.clock, owner, Occasion.WEEKLY, [])
    for number, day in enumerate(("2026-12-05 09:00", "2026-12-12 09:00")):
        past_campaign(world.store, owner.id, f"News {number}", _at(day), 3, {})
    [due] = _due(world, "2026-12-24 09:00")
    assert len(due.campaigns) == 2
    assert due.until == _at("2026-12-21 07:00")


def test_what_went_out_is_not_due_again(world: World, owner: User) -> None:
    plan = add_plan(world.store, world.clock, owner, Occasion.AGE, [], hours=48)
    past_campaign(world.store, owner.id, "News", _at("2026-12-03 09:00"), 3, {})
    past_campaign(world.store, owner.id, "Older", _at("2026-11-03 09:00"), 3, {})
    assert _due(world, "2026-12-05 08:59") == []
    [due] = _due(world, "2026-12-05 09:00")
    assert [one.name for one in due.campaigns] == ["News"]
    put_plan(world.store, msgspec.structs.replace(plan, told_to=due.until))
    assert _due(world, "2026-12-09 09:00") == []


def test_reports_go_to_members_only(world: World, owner: User) -> None:
    bob = world.store.accounts.create_user("bob@example.org", created_at=2)
    plan = add_plan(world.store, world.clock, owner, Occasion.WEEKLY, ["BOB@example.org", "owner@example.org"])
    assert plan.recipients == (bob.id, owner.id)
    with pytest.raises(InputError, match="is not a user of this Postlude"):
        add_plan(world.store, world.clock, owner, Occasion.WEEKLY, ["stranger@example.com"])


def test_a_plan_needs_what_can_be(world: World, owner: User) -> None:
    with pytest.raises(InputError, match="hours after a campaign began"):
        add_plan(world.store, world.clock, owner, Occasion.AGE, [])
    with pytest.raises(InputError, match="is not a time zone"):
        add_plan(world.store, world.clock, owner, Occasion.WEEKLY, [], zone_text="Nowhere")


def test_only_ones_own_plan_is_removed(world: World, owner: User) -> None:
    plan = add_plan(world.store, world.clock, owner, Occasion.WEEKLY, [])
    with pytest.raises(NotFoundError):
        remove_plan(world.store, owner.id + 1, id_text(plan.id))
    remove_plan(world.store, owner.id, id_text(plan.id))
    assert plans_of(world.store) == []
