"""Results of a campaign: a funnel per variant and in total, and its links."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from postlude.analytics import CopyGroup, OpenEstimate, PastKind, count_groups, estimate_opens
from postlude.kit.ids import id_text
from postlude.services.campaigns.breakdown import Breakdown, breakdown_of
from postlude.store import Store
from postlude.store.campaigns.open_evidence import SeenCopies
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
    parts: Breakdown
    """When, with what, at which provider, why not; and beside earlier campaigns."""
    hidden: OpenEstimate | None = None
    """Copies that do not say whether they were opened, and how many of them were, by estimate; None where there are
    none or too few others to estimate it from (docs/reference/estimates.md)."""


def report_of(store: Store, campaign: Campaign, *, estimated: bool = True) -> CampaignReport:
    """Counted now, from the projections. `estimated`: with `hidden`, which looks at thousands of earlier copies."""
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
    total = _sum(row.funnel for row in rows)
    lines = [line for variant in variants for line in _links(store, variant.name, variant.message)]
    return CampaignReport(
        campaign=id_text(campaign.id),
        name=campaign.name,
        all=total,
        variants=rows,
        links=lines,
        parts=breakdown_of(store, campaign, variants, total),
        hidden=_hidden(store, [variant.message for variant in variants], total.delivered) if estimated else None,
    )


def totals_of(store: Store, wanted: Sequence[int]) -> dict[int, Funnel]:
    """The funnel of each of these campaigns, over all of its variants."""
    messages = store.campaigns.messages_of(wanted)
    funnels = store.campaigns.funnels([message for some in messages.values() for message in some])
    return {
        campaign: _sum(funnels[message] for message in messages.get(campaign, ()) if message in funnels)
        for campaign in wanted
    }


def hidden_of(store: Store, campaign: Campaign) -> OpenEstimate | None:
    """The estimate alone."""
    messages = store.campaigns.message_ids(campaign.id)
    return _hidden(store, messages, totals_of(store, [campaign.id])[campaign.id].delivered)


def hidden_words(hidden: OpenEstimate | None) -> str:
    """The estimate in a sentence, empty without one."""
    if hidden is None:
        return ""
    return (
        f"{hidden.unknowable:,} copies do not tell whether they were opened (Apple's privacy, blocked images). By "
        f"estimate {hidden.opened:,} of them were: with 90 % certainty between {hidden.low:,} and {hidden.high:,}."
    )


def _hidden(store: Store, messages: list[int], delivered: int) -> OpenEstimate | None:
    """The groups are counted exactly; how they divide by the past is taken from the sample."""
    exact = {(one.opened, one.unknown, one.responded): one.copies for one in store.campaigns.seen(messages)}
    sample = store.campaigns.seen_with_past(messages, delivered)
    drawn: Counter[tuple[int, int, int]] = Counter()
    for one in sample:
        drawn[_look(one)] += one.copies
    groups = [_group(one, exact.get(_look(one), 0) / drawn[_look(one)]) for one in sample]
    missed = [
        _group(SeenCopies(copies=copies, opened=key[0], unknown=key[1], responded=key[2]), 1.0)
        for key, copies in exact.items()
        if key not in drawn
    ]
    return estimate_opens(count_groups(groups + missed))


def _look(one: SeenCopies) -> tuple[int, int, int]:
    return one.opened, one.unknown, one.responded


def _group(one: SeenCopies, scale: float) -> CopyGroup:
    past = PastKind.SEEN if one.past_seen else PastKind.APPLE if one.past_unknown else PastKind.BLOCKED
    if not (one.past_seen or one.past_unknown or one.past_unseen):
        past = PastKind.NOTHING
    return CopyGroup(
        copies=one.copies * scale,
        opened=bool(one.opened),
        unknown=bool(one.unknown),
        responded=bool(one.responded),
        past=past,
        past_delivered=one.past_delivered * scale,
        past_responded=one.past_responded * scale,
        past_opened=one.past_opened * scale,
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
