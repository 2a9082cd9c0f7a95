"""Results of a campaign: a funnel per variant and in total, and its links."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from postlude.kit.ids import id_text
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, Funnel

_COUNTS: Final = tuple(field for field in Funnel.__struct_fields__ if field != "message")


class VariantReport(msgspec.Struct, frozen=True, kw_only=True):
    """One variant's funnel."""

    name: str
    message: str
    subject: str
    winner: bool
    funnel: Funnel


class LinkLine(msgspec.Struct, frozen=True, kw_only=True):
    """One link of one variant, with people's, machines' and undecided clicks."""

    variant: str
    position: int
    url: str
    label: str
    tracked: bool
    clicks: int = 0
    clicks_unknown: int = 0
    clicks_machine: int = 0


class CampaignReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report. Readers compute rates of people over `delivered`."""

    campaign: str
    name: str
    all: Funnel
    variants: list[VariantReport]
    links: list[LinkLine]


def report_of(store: Store, campaign: Campaign) -> CampaignReport:
    """Counted now, from the projections."""
    variants = store.campaigns.variants(campaign.id)
    funnels = store.campaigns.funnels([variant.message for variant in variants])
    rows = [
        VariantReport(
            name=variant.name,
            message=id_text(variant.message),
            subject=variant.subject,
            winner=campaign.winner == variant.message,
            funnel=funnels.get(variant.message, Funnel(message=variant.message)),
        )
        for variant in variants
    ]
    lines = [line for variant in variants for line in _links(store, variant.name, variant.message)]
    return CampaignReport(
        campaign=id_text(campaign.id),
        name=campaign.name,
        all=_sum(row.funnel for row in rows),
        variants=rows,
        links=lines,
    )


def _links(store: Store, name: str, message: int) -> Iterable[LinkLine]:
    activity = store.messages.link_activity(message)
    for link in store.messages.links(message):
        seen = activity.get(link.position)
        counts: dict[str, Any] = {}
        if seen is not None:
            counts = {column: getattr(seen, column) for column in ("clicks", "clicks_unknown", "clicks_machine")}
        yield LinkLine(
            variant=name, position=link.position, url=link.url, label=link.label, tracked=link.tracked, **counts
        )


def _sum(funnels: Iterable[Funnel]) -> Funnel:
    every = list(funnels)
    return Funnel(message=0, **{name: sum(getattr(one, name) for one in every) for name in _COUNTS})
