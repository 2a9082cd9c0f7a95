"""Many campaigns beside each other: every rate, and what of it is not usual for their owner."""

from collections.abc import Sequence
from typing import Final

import msgspec

from postlude.analytics import Difference, NormalRange, difference_of
from postlude.kit.ids import id_text
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.breakdown import EARLIER, RATES, Comparison, compare_with, usual_rates
from postlude.services.campaigns.report import totals_of
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, Funnel

MOST: Final = 1000
"""Campaigns in a table, the newest."""
MOST_COMPARED: Final = 6
"""Side by side."""
BEGUN: Final = (CampaignStatus.SENDING, CampaignStatus.PAUSED, CampaignStatus.SENT, CampaignStatus.CANCELLED)
ORDERS: Final = ("started", "name", "copies", *RATES)
"""What a table can be sorted by."""


class CampaignLine(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one campaign."""

    campaign: str
    name: str
    status: CampaignStatus
    started_at: int
    """Microseconds since the epoch; when it was made, of one that never began."""
    funnel: Funnel
    rates: dict[str, Comparison]
    """By the names of `RATES`, each beside what is usual."""


class CampaignTable(msgspec.Struct, frozen=True, kw_only=True):
    """Many campaigns of one user."""

    lines: list[CampaignLine]
    usual: dict[str, NormalRange]
    """By the names of `RATES`: of the newest campaigns that were sent; empty where they are too few."""


class SideBySide(msgspec.Struct, frozen=True, kw_only=True):
    """Some campaigns, and how far each one's rates are from the first one's."""

    lines: list[CampaignLine]
    usual: dict[str, NormalRange]
    differences: list[dict[str, Difference]]
    """By campaign and rate, in the order of `lines`; of the first one none."""


def campaign_table(store: Store, user: int) -> CampaignTable:
    """Every campaign of a user that began, the newest first. Read from counts that the digest keeps."""
    return _table(store, store.campaigns.of_user(user, BEGUN, MOST))


def sorted_lines(
    lines: Sequence[CampaignLine], order: str = "started", *, ascending: bool = False
) -> list[CampaignLine]:
    """By one of `ORDERS`; campaigns without a rate come last either way. InputError for any other order."""
    if order not in ORDERS:
        raise InputError(f"a table of campaigns is sorted by {', '.join(ORDERS)}, not by {order!r}")
    without = [one for one in lines if order in RATES and not one.rates[order].rate.of]
    with_it = [one for one in lines if order not in RATES or one.rates[order].rate.of]
    return [*sorted(with_it, key=lambda one: _key(one, order), reverse=not ascending), *without]


def _key(line: CampaignLine, order: str) -> tuple[float | str, int]:
    if order == "name":
        return line.name.casefold(), line.started_at
    if order in RATES:
        return line.rates[order].rate.value, line.started_at
    return line.started_at if order == "started" else line.funnel.copies, line.started_at


def compare_campaigns(store: Store, campaigns: Sequence[Campaign]) -> SideBySide:
    """Two to six campaigns of one user in the given order; InputError for fewer, more, or one that never began."""
    if not 1 < len(campaigns) <= MOST_COMPARED:
        raise InputError(f"choose 2 to {MOST_COMPARED} campaigns to compare")
    for one in campaigns:
        if one.status not in BEGUN:
            raise InputError(f"{one.name!r} was not sent: there is nothing to compare")
    table = _table(store, campaigns, store.campaigns.of_user(campaigns[0].user, BEGUN, EARLIER))
    first = table.lines[0]
    differences = [
        {
            name: difference_of(line.rates[name].rate, first.rates[name].rate)
            for name in RATES
            if line is not first and line.rates[name].rate.of and first.rates[name].rate.of
        }
        for line in table.lines
    ]
    return SideBySide(lines=table.lines, usual=table.usual, differences=differences)


def _table(store: Store, campaigns: Sequence[Campaign], all_of_them: Sequence[Campaign] = ()) -> CampaignTable:
    """`all_of_them`: what is usual is told from these, the newest first; else from the campaigns themselves."""
    others = all_of_them or campaigns
    totals = totals_of(store, [*dict.fromkeys(one.id for one in (*campaigns, *others))])
    sent = [one for one in others if one.status is CampaignStatus.SENT][:EARLIER]
    usual = usual_rates([totals[one.id] for one in sent])
    lines = [
        CampaignLine(
            campaign=id_text(one.id),
            name=one.name,
            status=one.status,
            started_at=one.started_at or one.created_at,
            funnel=totals[one.id],
            rates={rate.name: rate for rate in compare_with(totals[one.id], usual)},
        )
        for one in campaigns
    ]
    return CampaignTable(lines=lines, usual=usual)
