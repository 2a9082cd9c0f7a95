"""Reports that go out by mail: every week, every month, or when a campaign is some hours old. To members only.

A plan is a setting of the state, of which there are few. What is due is told from the plan's last moment on, so that
after a standstill one report covers all of it and none is sent for a time before the plan was made.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from postlude.kit.clock import MICROS_PER_SECOND, Clock, to_datetime
from postlude.kit.ids import id_text, new_id, parse_id
from postlude.kit.time_zones import zone, zone_name
from postlude.model.errors import InputError, NotFoundError
from postlude.services.campaigns.comparison import BEGUN
from postlude.store import Store, User
from postlude.store.campaigns.rows import Campaign

_KEY: Final = "report-plan:"
_HOUR_US: Final = 3600 * MICROS_PER_SECOND
_AT_HOUR: Final = 7
_LONGEST_HOURS: Final = 24 * 90
_MOST: Final = 50
"""Plans of one user."""
_DAYS: Final = 32
"""A moment comes at least once in so many."""


class Occasion(StrEnum):
    """When a report goes out."""

    WEEKLY = "weekly"  # Mondays at seven
    MONTHLY = "monthly"  # the first of a month at seven
    AGE = "age"  # when a campaign is so many hours old


class ReportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One plan."""

    id: int
    user: int
    """Whose campaigns it is about."""
    occasion: Occasion
    hours: int = 0
    """Of `age`."""
    time_zone: str = "UTC"
    recipients: tuple[int, ...] = ()
    """Users."""
    created_at: int = 0
    told_to: int = 0
    """Everything that was due up to this moment went out."""


class DueReport(NamedTuple):
    """What a plan is to send now."""

    plan: ReportPlan
    campaigns: list[Campaign]
    """Those that it is about, the newest first; of `age` one."""
    since: int
    until: int


def add_plan(
    store: Store,
    clock: Clock,
    user: User,
    occasion: Occasion,
    to: Sequence[str],
    *,
    hours: int = 0,
    zone_text: str = "UTC",
) -> ReportPlan:
    """A new plan of `user`; without `to` for themselves. InputError for an address that is not of a member."""
    if occasion is Occasion.AGE and not 1 <= hours <= _LONGEST_HOURS:
        raise InputError(f"say when: 1 to {_LONGEST_HOURS:,} hours after a campaign began")
    if len(plans_of(store, user.id)) >= _MOST:
        raise InputError(f"{_MOST} plans are the most: remove one first")
    try:
        name = zone_name(zone_text)
    except ValueError as error:
        raise InputError(str(error)) from error
    now = clock.now()
    plan = ReportPlan(
        id=new_id(),
        user=user.id,
        occasion=occasion,
        hours=hours if occasion is Occasion.AGE else 0,
        time_zone=name,
        recipients=tuple(dict.fromkeys(_member(store, one) for one in to)) or (user.id,),
        created_at=now,
        told_to=now,
    )
    put_plan(store, plan)
    return plan


def plans_of(store: Store, user: int | None = None) -> list[ReportPlan]:
    """The plans of a user, or all, the oldest first."""
    found = [msgspec.convert(store.settings.get(key), ReportPlan) for key in store.settings.keys(_KEY)]
    return sorted((one for one in found if user in {None, one.user}), key=lambda one: (one.created_at, one.id))


def remove_plan(store: Store, user: int | None, plan: str) -> None:
    """End a plan of `user`, or anyone's; NotFoundError when there is none."""
    number = parse_id(plan) or 0
    if not any(one.id == number for one in plans_of(store, user)):
        raise NotFoundError(f"no report goes out by the plan {plan}")
    store.settings.delete(_KEY + id_text(number))


def put_plan(store: Store, plan: ReportPlan) -> None:
    """Store a plan as it is now."""
    store.settings.put(_KEY + id_text(plan.id), msgspec.to_builtins(plan))


def note_sent(store: Store, due: DueReport) -> None:
    """Everything that was due up to its moment went out. A plan that was removed meanwhile stays removed."""
    told = msgspec.structs.replace(due.plan, told_to=due.until)
    store.settings.replace(_KEY + id_text(told.id), msgspec.to_builtins(told))


def next_moment(plan: ReportPlan, after: int) -> int | None:
    """When a weekly or monthly report goes out next; None for one that waits for a campaign."""
    if plan.occasion is Occasion.AGE:
        return None
    there = zone(plan.time_zone)
    begin = to_datetime(after).astimezone(there)
    for days in range(_DAYS + 1):
        day = begin.date() + timedelta(days=days)
        moment = datetime(day.year, day.month, day.day, _AT_HOUR, tzinfo=there)
        fits = day.weekday() == 0 if plan.occasion is Occasion.WEEKLY else day.day == 1
        if fits and (micros := int(moment.timestamp()) * MICROS_PER_SECOND) > after:
            return micros
    return None


def due_reports(store: Store, now: int) -> list[DueReport]:
    """Everything that is to be sent now. A week or month without a campaign is due as well: nothing is sent for it."""
    found = []
    for plan in plans_of(store):
        found += _by_age(store, plan, now) if plan.occasion is Occasion.AGE else _by_date(store, plan, now)
    return found


def _by_date(store: Store, plan: ReportPlan, now: int) -> list[DueReport]:
    until = plan.told_to
    while (moment := next_moment(plan, until)) is not None and moment <= now:
        until = moment
    if until == plan.told_to:
        return []
    begun = [one for one in store.campaigns.of_user(plan.user, BEGUN) if plan.told_to <= (one.started_at or 0) < until]
    return [DueReport(plan, begun, plan.told_to, until)]


def _by_age(store: Store, plan: ReportPlan, now: int) -> list[DueReport]:
    old = plan.hours * _HOUR_US
    waiting = sorted(
        (
            (one.started_at + old, one)
            for one in store.campaigns.of_user(plan.user, BEGUN)
            if one.started_at is not None and plan.told_to < one.started_at + old <= now
        ),
        key=lambda pair: (pair[0], pair[1].id),
    )
    return [DueReport(plan, [one], plan.told_to, moment) for moment, one in waiting]


def _member(store: Store, address: str) -> int:
    found = store.accounts.user_by_address(address.strip())
    if found is None or found.disabled_at is not None:
        raise InputError(f"{address.strip()} is not a user of this Postlude: reports go to members only")
    return found.id
