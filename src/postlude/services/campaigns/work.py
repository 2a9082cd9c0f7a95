"""What a worker asks of the store about campaigns under way. Every call is short, and safe to be interrupted."""

import logging
from collections.abc import Iterable
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.audience import audience_at
from postlude.services.campaigns.sender import campaign_owner
from postlude.services.campaigns.variants import begins_at, decide_at, places, settle_test, variant_to_send
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, CampaignClaim

CONTACTS_AT_ONCE: Final = 5000  # contacts a transaction: 0.2 s of the one writer's time

_log = logging.getLogger(__name__)


class CampaignWork:
    """Opens, feeds and finishes campaigns in the name of one worker."""

    def __init__(self, store: Store, clock: Clock, worker: int, hold_seconds: int = 0) -> None:
        """`hold_seconds`: how long the winner of a test, and who is chosen for an opening or click, wait for hits.

        Those may change the last verdicts.
        """
        self._store: Final = store
        self._clock: Final = clock
        self._worker: Final = worker
        self._hold: Final = hold_seconds * MICROS_PER_SECOND

    def under_way(self) -> list[Campaign]:
        """Campaigns that send now. Those whose time has come begin, those whose test is over get their winner."""
        found = self._store.campaigns.latest([CampaignStatus.SCHEDULED, CampaignStatus.SENDING])
        now = self._clock.now()
        sending = [one for one in found if one.status is CampaignStatus.SENDING]
        for one in found:
            if one.status is CampaignStatus.SCHEDULED and begins_at(one) <= now:
                self._begin(one, now)
                sending.append(self._store.campaigns.get(one.id))
        sending = [one for one in sending if self._may_go_on(one)]
        for one in sending:
            if one.decide_at is not None and one.decide_at + self._hold <= now and one.taken_in:
                self._decide(one)
        return [one for one in sending if one.status is CampaignStatus.SENDING]

    def _may_go_on(self, campaign: Campaign) -> bool:
        """Whether its user may still send it; else it is paused with the reason."""
        try:
            campaign_owner(self._store, campaign)
        except InputError as error:
            self.pause(campaign.id, str(error))
            _log.warning("campaign %016x (%s) is paused: %s", campaign.id, campaign.name, error)
            return False
        return True

    def _begin(self, campaign: Campaign, now: int) -> None:
        variants = self._store.campaigns.variants(campaign.id)
        try:
            campaign_owner(self._store, campaign)
            audience = audience_at(self._store, campaign, now)
        except InputError as error:
            self._store.campaigns.unschedule(campaign.id, f"it did not leave: {error}")
            _log.warning("campaign %016x (%s) is a draft again: %s", campaign.id, campaign.name, error)
            return
        begun = self._store.campaigns.move(
            campaign.id,
            [CampaignStatus.SCHEDULED],
            CampaignStatus.SENDING,
            started_at=now,
            decide_at=decide_at(campaign, variants, now),
            expected=self._store.contacts.audience_count(audience),
        )
        if begun:
            _log.info("campaign %016x (%s) begins", campaign.id, campaign.name)

    def _decide(self, campaign: Campaign) -> None:
        variants = self._store.campaigns.variants(campaign.id)
        winner = campaign.winner or variant_to_send(self._store, campaign, variants).message
        sending = [CampaignStatus.SENDING]
        # The winner is written first: after a crash the rest is sent as the same variant.
        self._store.campaigns.move(campaign.id, sending, CampaignStatus.SENDING, winner=winner)
        released = settle_test(self._store, campaign.id, winner)
        self._store.campaigns.move(campaign.id, sending, CampaignStatus.SENDING, decide_at=None)
        _log.info("campaign %016x: the test ends, %d copies leave as variant %016x", campaign.id, released, winner)

    def enqueue_audience(self, campaign: Campaign) -> bool:
        """Create copies for the next part of the audience; True when there was a part left."""
        if campaign.taken_in:
            return False
        variants = self._store.campaigns.variants(campaign.id)
        if campaign.winner is not None:
            variants = [one for one in variants if one.message == campaign.winner]
        try:
            # As it was at the start, so that `within` means the same from its first page to the last.
            audience = audience_at(self._store, campaign, campaign.started_at or self._clock.now())
        except InputError as error:
            self.pause(campaign.id, str(error))
            return False
        place = places(campaign, variants)
        stood_since = self._clock.now() - self._hold if self._hold else 0
        taken = self._store.campaigns.enqueue_audience(
            campaign.id, audience, CONTACTS_AT_ONCE, place, stood_since=stood_since
        )
        return bool(taken.copies)

    def claim(self, campaign: Campaign, limit: int) -> list[CampaignClaim]:
        """Claim up to `limit` copies of it that are due."""
        return self._store.campaigns.claim(campaign.id, limit, self._clock.now(), self._worker)

    def finish(self, campaign: Campaign) -> bool:
        """Whether it is done: every copy has its outcome."""
        done = self._store.campaigns.finish(campaign.id, self._clock.now())
        if done:
            _log.info("campaign %016x (%s) is sent", campaign.id, campaign.name)
        return done

    def next_due(self, campaigns: Iterable[Campaign]) -> int | None:
        """When the next copy of any of them is due."""
        found = [self._store.campaigns.due(campaign.id) for campaign in campaigns]
        return min((at for at in found if at is not None), default=None)

    def pause(self, campaign: int, problem: str) -> None:
        """Pause the campaign and record the reason."""
        self._store.campaigns.move(campaign, [CampaignStatus.SENDING], CampaignStatus.PAUSED, problem=problem)


def worker_wanted(store: Store, now: int) -> bool:
    """Whether a worker has something to do now. Finishes completed campaigns.

    Claimed copies count: called while no worker runs, they are those of a dead worker.
    """
    if store.sending.campaign_copies_claimed():
        return True
    for one in store.campaigns.latest([CampaignStatus.SCHEDULED, CampaignStatus.SENDING, CampaignStatus.CANCELLED]):
        if one.status is CampaignStatus.CANCELLED:
            if store.campaigns.due(one.id) is not None:  # deferred by an answer that came after it was cancelled
                store.campaigns.cancel_copies(one.id)
        elif one.status is CampaignStatus.SCHEDULED:
            if begins_at(one) <= now:
                return True
        elif _has_work(store, one, now):
            return True
        else:
            store.campaigns.finish(one.id, now)
    return False


def _has_work(store: Store, campaign: Campaign, now: int) -> bool:
    if not campaign.taken_in or (campaign.decide_at is not None and campaign.decide_at <= now):
        return True
    due = store.campaigns.due(campaign.id)
    return due is not None and due <= now
