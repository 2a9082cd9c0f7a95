"""Pause, resume, cancel or delete a campaign; pick the winner of its variants."""

from pathlib import Path

from postlude.kit.clock import Clock
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.files import remove_hosted
from postlude.services.campaigns.sender import campaign_owner
from postlude.services.campaigns.variants import settle_test, variant_called
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign

_OVER = frozenset({CampaignStatus.SENT, CampaignStatus.CANCELLED})


def pause_campaign(store: Store, campaign: int) -> Campaign:
    """Pause: only the few copies being handed over are still sent. A scheduled campaign becomes a draft again."""
    if store.campaigns.move(campaign, [CampaignStatus.SENDING], CampaignStatus.PAUSED):
        return store.campaigns.get(campaign)
    if store.campaigns.unschedule(campaign):
        return store.campaigns.get(campaign)
    return _refuse(store, campaign, "paused")


def resume_campaign(store: Store, campaign: int) -> Campaign:
    """Resume a paused campaign; InputError when its user may no longer send it."""
    campaign_owner(store, store.campaigns.get(campaign))
    if store.campaigns.move(campaign, [CampaignStatus.PAUSED], CampaignStatus.SENDING, problem=""):
        return store.campaigns.get(campaign)
    return _refuse(store, campaign, "resumed")


def cancel_campaign(store: Store, clock: Clock, campaign: int) -> Campaign:
    """Cancel: waiting copies become `cancelled` and are never sent. A draft is deleted instead."""
    before = [CampaignStatus.SCHEDULED, CampaignStatus.SENDING, CampaignStatus.PAUSED]
    if not store.campaigns.move(campaign, before, CampaignStatus.CANCELLED, finished_at=clock.now(), decide_at=None):
        return _refuse(store, campaign, "cancelled")
    while store.campaigns.cancel_copies(campaign):
        pass
    return store.campaigns.get(campaign)


def delete_draft(store: Store, folder: Path, campaign: int) -> None:
    """Delete a draft with its files, the hosted ones in `folder` too; InputError when it is no longer a draft."""
    files = store.campaigns.files(campaign)
    store.campaigns.delete(campaign)
    # The rows are deleted first: a crash in between leaves a file without a row, never a row without its file.
    for file in files:
        remove_hosted(folder, file)


def choose_winner(store: Store, campaign: int, name: str) -> Campaign:
    """End an A/B test by hand: the held copies are sent as the variant called `name`."""
    found = store.campaigns.get(campaign)
    if found.status not in {CampaignStatus.SENDING, CampaignStatus.PAUSED}:
        return _refuse(store, campaign, "decided")
    if found.winner is not None:
        raise InputError("this test has its winner already")
    variant = variant_called(store, campaign, name)
    store.campaigns.move(campaign, [found.status], found.status, winner=variant.message, decide_at=None)
    settle_test(store, campaign, variant.message)
    return store.campaigns.get(campaign)


def _refuse(store: Store, campaign: int, what: str) -> Campaign:
    status = store.campaigns.get(campaign).status
    hint = "it is over" if status in _OVER else "see `postlude campaigns --help` for what can be done with it"
    raise InputError(f"a campaign that is {status.value} cannot be {what}: {hint}")
