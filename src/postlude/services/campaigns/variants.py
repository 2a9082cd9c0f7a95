"""Who gets which variant and when, and who wins a test of variants."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from postlude.analytics import TriedVariant, VariantVerdict, judge_variants
from postlude.kit.clock import MICROS_PER_SECOND, to_datetime
from postlude.kit.time_zones import moment_on, zone
from postlude.model.errors import NotFoundError
from postlude.model.words import CopyStatus, WinnerRule
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, Funnel, Variant
from postlude.store.campaigns.sending import CopyPlace, PlaceOf

_HOUR: Final = 3600 * MICROS_PER_SECOND
_PERCENT: Final = 100
_FIRST_ZONE: Final = "Pacific/Kiritimati"  # UTC+14


def places(campaign: Campaign, variants: Sequence[Variant]) -> PlaceOf:
    """Where each contact of a run goes: parts of the test are equal in every run, and random within it."""
    messages = [variant.message for variant in variants]
    tested = campaign.options.test_percent if len(messages) > 1 else 0
    offset = random.randrange(len(messages))  # noqa: S311 - the assignment of subjects is not a secret

    def place(number: int, time_zone: str) -> CopyPlace:
        message = messages[(number + offset) % len(messages)]
        due = due_at(campaign, time_zone)
        if tested and random.randrange(_PERCENT) >= tested:  # noqa: S311 - as above
            return CopyPlace(messages[0], CopyStatus.HELD, due)
        return CopyPlace(message, CopyStatus.QUEUED, due)

    return place


def due_at(campaign: Campaign, time_zone: str) -> int:
    """When the copy of a contact in `time_zone` may be sent, in microseconds; 0: at once.

    The next day where that hour had passed when the campaign began: no contact is mailed at another hour.
    """
    options, at = campaign.options, campaign.scheduled_at
    if not options.local_time or at is None:
        return 0
    return _in_zone(at, options.time_zone, time_zone or options.time_zone, campaign.started_at or at)


def begins_at(campaign: Campaign) -> int:
    """When the first copy may be sent; with local time, when the first time zone reaches the hour."""
    at = campaign.scheduled_at or 0
    return _in_zone(at, campaign.options.time_zone, _FIRST_ZONE, 0) if campaign.options.local_time else at


@lru_cache(maxsize=1024)
def _in_zone(at: int, given_in: str, wanted: str, earliest: int) -> int:
    """The first moment from `earliest` on when a clock in `wanted` shows the hour one in `given_in` shows at `at`.

    Where clocks skip that hour on that day, an hour later.
    """
    wall = to_datetime(at).astimezone(zone(given_in)).replace(tzinfo=None)
    try:
        there = zone(wanted)
    except ValueError:  # a contact's zone that is none: as if there were none
        return at
    while (moment := _micros(wall.replace(tzinfo=there))) < earliest:
        wall += timedelta(days=1)
    return moment


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * MICROS_PER_SECOND


def local_moment(text: str, name: str) -> int:
    """`2026-11-25 09:30` on a clock in the zone `name`, in microseconds since the epoch; ValueError as `moment_on`."""
    return _micros(moment_on(text, name))


def decide_at(campaign: Campaign, variants: Sequence[Variant], now: int) -> int | None:
    """When the test of variants ends; None when there is none to decide by itself."""
    options = campaign.options
    if len(variants) < 2 or not options.test_percent or options.rule is WinnerRule.MANUAL:  # noqa: PLR2004 - one has no rival
        return None
    return now + int(options.test_hours * _HOUR)


def judge_test(store: Store, campaign: Campaign, variants: Sequence[Variant]) -> VariantVerdict | None:
    """What the test of variants says by now; None for a single one."""
    if len(variants) < 2:  # noqa: PLR2004 - one has no rival
        return None
    funnels = store.campaigns.funnels([variant.message for variant in variants])
    clicks, options = campaign.options.rule is WinnerRule.CLICKED, campaign.options
    tried = []
    for variant in variants:
        funnel = funnels.get(variant.message, Funnel(message=variant.message))
        tried.append(TriedVariant(variant.name, funnel.clicked if clicks else funnel.opened, funnel.delivered))
    return judge_variants(tried, options.winner_recipients, options.winner_percent / 100)


def variant_to_send(store: Store, campaign: Campaign, variants: Sequence[Variant]) -> Variant:
    """The winner of a test for the rest of the audience; the first variant where the test decides nothing."""
    verdict = judge_test(store, campaign, variants)
    wanted = verdict.best if verdict is not None and verdict.decided else variants[0].name
    return next(variant for variant in variants if variant.name == wanted)


def settle_test(store: Store, campaign: int, message: int) -> int:
    """Release all held copies as the winner; returns their number."""
    total = 0
    while released := store.campaigns.release_held(campaign, message):
        total += released
    return total


def variant_called(store: Store, campaign: int, name: str) -> Variant:
    """A campaign's variant by its name, whatever the case of letters; NotFoundError when none is called so."""
    variants = store.campaigns.variants(campaign)
    for variant in variants:
        if variant.name.lower() == name.lower():
            return variant
    raise NotFoundError(f"no variant is called {name!r}; there are {', '.join(one.name for one in variants)}")
