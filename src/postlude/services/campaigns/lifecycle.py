"""Holding a campaign, letting it go on, ending it, choosing its winner."""

from postlude.kit.clock import Clock
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.variants import settle_test
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, Variant

_OVER = frozenset({CampaignStatus.SENT, CampaignStatus.CANCELLED})


def pause_campaign(store: Store, campaign: int) -> Campaign:
    """Nothing more of it leaves, but for the few copies being handed over. A scheduled one is a draft again."""
    if store.campaigns.move(campaign, [CampaignStatus.SENDING], CampaignStatus.PAUSED):
        return store.campaigns.get(campaign)
    if store.campaigns.unschedule(campaign):
        return store.campaigns.get(campaign)
    return _refuse(store, campaign, "paused")


def resume_campaign(store: Store, campaign: int) -> Campaign:
    """A paused campaign goes on where it was."""
    if store.campaigns.move(campaign, [CampaignStatus.PAUSED], CampaignStatus.SENDING, problem=""):
        return store.campaigns.get(campaign)
    return _refuse(store, campaign, "resumed")


def cancel_campaign(store: Store, clock: Clock, campaign: int) -> Campaign:
    """What has not left never does: copies that wait become `cancelled`. A draft is deleted instead."""
    before = [CampaignStatus.SCHEDULED, CampaignStatus.SENDING, CampaignStatus.PAUSED]
    if not store.campaigns.move(campaign, before, CampaignStatus.CANCELLED, finished_at=clock.now(), decide_at=None):
        return _refuse(store, campaign, "cancelled")
    while store.campaigns.cancel_copies(campaign):
        pass
    return store.campaigns.get(campaign)


def choose_winner(store: Store, campaign: int, name: str) -> Campaign:
    """End a test of variants by hand: the held copies leave as the variant called `name`."""
    found = store.campaigns.get(campaign)
    if found.status not in {CampaignStatus.SENDING, CampaignStatus.PAUSED}:
        return _refuse(store, campaign, "decided")
    if found.winner is not None:
        raise InputError("this test has its winner already")
    variant = _named(store.campaigns.variants(campaign), name)
    store.campaigns.move(campaign, [found.status], found.status, winner=variant.message, decide_at=None)
    settle_test(store, campaign, variant.message)
    return store.campaigns.get(campaign)


def _named(variants: list[Variant], name: str) -> Variant:
    for variant in variants:
        if variant.name.lower() == name.lower():
            return variant
    raise InputError(f"no variant is called {name!r}; there are {', '.join(one.name for one in variants)}")


def _refuse(store: Store, campaign: int, what: str) -> Campaign:
    status = store.campaigns.get(campaign).status
    hint = "it is over" if status in _OVER else "see `postlude campaigns --help` for what can be done with it"
    raise InputError(f"a campaign that is {status.value} cannot be {what}: {hint}")
