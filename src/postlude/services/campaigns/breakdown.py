"""A campaign's results in parts: when, with what, at which provider, why not; and beside earlier campaigns."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from postlude.analytics import NormalRange, Rate, Standing, VariantVerdict, normal_range, rate_of, standing
from postlude.services.campaigns.variants import judge_test
from postlude.store import Store
from postlude.store.campaigns.breakdown import ClientCounts, HitCounts, HourCounts
from postlude.store.campaigns.rows import Campaign, Funnel, Variant

EARLIER: Final = 30
"""Campaigns that a normal range is made of, at most."""
LEAST_DELIVERED: Final = 50
"""Delivered copies of an earlier campaign that is compared with."""
_HOURS_SHOWN: Final = 72
_DAY: Final = 24
_SHOWN: Final = 12
"""Lines of a table; the rest is one line."""
_REST: Final = "others"


class PartsOf(Protocol):
    """What a rate is made of."""

    def __call__(self, funnel: Funnel, /) -> tuple[int, int]:
        """A rate's count and what it is of."""
        ...


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One rate of a campaign, and where the same rate of earlier ones was."""

    name: str
    """Of `RATES`."""
    rate: Rate
    normal: NormalRange | None = None
    """None with fewer than five earlier campaigns."""
    standing: Standing = ""
    """Beside the normal range."""


class ProviderLine(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the copies to one family of mailboxes."""

    provider: str
    """`others` for all that belong to none."""
    copies: int
    delivered: int
    opened: Rate
    opened_unknown: int
    """Copies that a person perhaps opened."""
    opened_machine: int
    """Copies that only machines opened."""
    clicked: Rate
    bounced: Rate
    """Of those sent."""
    complained: Rate


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many copies came back for one reason."""

    reason: str
    copies: int


class PeriodCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Opens and clicks of people, and of others, from `at` on."""

    at: int
    """Microseconds since the epoch."""
    seconds: int
    """How long: an hour or a day."""
    opens: int
    clicks: int
    others: int
    """Opens and clicks by machines, and by who may be one."""


class Breakdown(msgspec.Struct, frozen=True, kw_only=True):
    """All parts."""

    comparisons: list[Comparison]
    hours: list[PeriodCounts]
    """Of the first three days, those without any too."""
    days: list[PeriodCounts]
    """All days (UTC), those without any too."""
    clients: list[ClientCounts]
    providers: list[ProviderLine]
    bounces: list[ReasonLine]
    verdict: VariantVerdict | None = None
    """Of a campaign with several variants."""


RATES: Final[dict[str, PartsOf]] = {
    "delivered": lambda funnel: (funnel.delivered, funnel.copies),
    "opened": lambda funnel: (funnel.opened, funnel.delivered),
    "clicked": lambda funnel: (funnel.clicked, funnel.delivered),
    "replied": lambda funnel: (funnel.replied, funnel.delivered),
    "unsubscribed": lambda funnel: (funnel.unsubscribed, funnel.delivered),
    "complained": lambda funnel: (funnel.complained, funnel.delivered),
    "bounced": lambda funnel: (funnel.bounced, funnel.sent),
}


def breakdown_of(store: Store, campaign: Campaign, variants: Sequence[Variant], total: Funnel) -> Breakdown:
    """Read from what the digest keeps. `total`: the campaign's own funnel."""
    messages = [variant.message for variant in variants]
    earlier, seen = _earlier(store, campaign), store.breakdowns.hours(messages)
    return Breakdown(
        comparisons=compare_with(total, usual_rates(earlier)),
        hours=hours_of(seen),
        days=days_of(seen),
        clients=clients_of(store.breakdowns.clients(messages)),
        providers=providers_of(store.breakdowns.providers(messages)),
        bounces=reasons_of(store.breakdowns.bounce_reasons(messages)),
        verdict=judge_test(store, campaign, variants),
    )


def usual_rates(funnels: Sequence[Funnel]) -> dict[str, NormalRange]:
    """The normal range of each rate, of campaigns with enough delivered copies; empty where they are too few."""
    enough = [one for one in funnels if one.delivered >= LEAST_DELIVERED]
    ranges = {name: normal_range([_share(parts, one) for one in enough]) for name, parts in RATES.items()}
    return {name: one for name, one in ranges.items() if one is not None}


def compare_with(total: Funnel, usual: Mapping[str, NormalRange]) -> list[Comparison]:
    """Each rate of a funnel beside what is usual."""
    found = []
    for name, parts in RATES.items():
        rate, normal = rate_of(*parts(total)), usual.get(name)
        found.append(Comparison(name=name, rate=rate, normal=normal, standing=standing(rate, normal)))
    return found


def hours_of(seen: Sequence[HourCounts]) -> list[PeriodCounts]:
    """The first three days by the hour, without gaps."""
    return _periods([one for one in seen if one.hour < seen[0].hour + _HOURS_SHOWN], 1)


def days_of(seen: Sequence[HourCounts]) -> list[PeriodCounts]:
    """By the day, without gaps."""
    return _periods(seen, _DAY)


def _periods(seen: Sequence[HourCounts], step: int) -> list[PeriodCounts]:
    """Hours in order, as periods of `step` hours each."""
    if not seen:
        return []
    begin = seen[0].hour // step * step
    found: dict[int, list[int]] = {hour: [0, 0, 0] for hour in range(begin, seen[-1].hour + 1, step)}
    for one in seen:
        row = found[begin + (one.hour - begin) // step * step]
        row[0] += one.opens
        row[1] += one.clicks
        row[2] += one.opens_unknown + one.opens_machine + one.clicks_unknown + one.clicks_machine
    return [
        PeriodCounts(at=hour * 3_600_000_000, seconds=step * 3600, opens=opens, clicks=clicks, others=others)
        for hour, (opens, clicks, others) in found.items()
    ]


def clients_of(counts: Sequence[ClientCounts]) -> list[ClientCounts]:
    """Programs: first what people used most, then who may be one, then machines; the rest as one line."""
    used = sorted(
        (one for one in counts if any(_hits(one))), key=lambda one: ([-hits for hits in _hits(one)], one.client)
    )
    rest = used[_SHOWN:]
    if not rest:
        return used
    sums = {name: sum(getattr(one, name) for one in rest) for name in HitCounts.__struct_fields__}
    return [*used[:_SHOWN], ClientCounts(client=_REST, **sums)]


def _hits(one: HitCounts) -> tuple[int, int, int]:
    """Opens and clicks by people, by who may be one, by machines."""
    return one.opens + one.clicks, one.opens_unknown + one.clicks_unknown, one.opens_machine + one.clicks_machine


def providers_of(funnels: dict[str, Funnel]) -> list[ProviderLine]:
    """Families of mailboxes, those with the most copies first and all others last."""
    order = sorted(funnels, key=lambda name: (not name, -funnels[name].copies, name))
    return [
        ProviderLine(
            provider=name or _REST,
            copies=funnels[name].copies,
            delivered=funnels[name].delivered,
            opened_unknown=funnels[name].opened_unknown,
            opened_machine=funnels[name].opened_machine,
            **{key: rate_of(*RATES[key](funnels[name])) for key in ("opened", "clicked", "bounced", "complained")},
        )
        for name in order
    ]


def reasons_of(counts: dict[str, int]) -> list[ReasonLine]:
    """Reasons, the most frequent first; the rest as one line."""
    lines = [ReasonLine(reason=reason or "not given", copies=copies) for reason, copies in counts.items()]
    rest = sum(one.copies for one in lines[_SHOWN:])
    return [*lines[:_SHOWN], *([ReasonLine(reason=_REST, copies=rest)] if rest else [])]


def _earlier(store: Store, campaign: Campaign) -> list[Funnel]:
    """The funnels of the same user's campaigns before this one."""
    before = store.campaigns.finished_before(campaign.user, campaign.started_at or campaign.created_at, EARLIER)
    of_message = {message: number for number, messages in before.items() for message in messages}
    sums: dict[int, dict[str, int]] = {}
    for message, funnel in store.campaigns.funnels(list(of_message)).items():
        row = sums.setdefault(of_message[message], dict.fromkeys(_COUNTED, 0))
        for name in _COUNTED:
            row[name] += getattr(funnel, name)
    return [Funnel(message=0, **row) for row in sums.values()]


_COUNTED: Final = tuple(name for name in Funnel.__struct_fields__ if name != "message")


def _share(parts: PartsOf, funnel: Funnel) -> float:
    count, of = parts(funnel)
    return count / of if of else 0.0
