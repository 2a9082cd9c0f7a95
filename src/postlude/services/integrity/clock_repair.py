"""After the clock was wrong: times kept in the state that lie impossibly far ahead are brought back."""

import logging
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.usage_slot import slot_of
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.scheduling import UNDO_SECONDS
from postlude.services.campaigns.variants import decide_at
from postlude.services.messages.retry import RetrySchedule
from postlude.store import Store

_SLACK: Final = 5 * MICROS_PER_SECOND

_log = logging.getLogger(__name__)


def repair_times(store: Store, clock: Clock, retry: RetrySchedule, *, stepped: bool = False) -> dict[str, int]:
    """How many times were repaired, by what they belong to; logged. `stepped`: the clock is known to have been ahead.

    Cheap when there is nothing to do: looks into indexes.
    """
    now = clock.now()
    pauses = [pause * MICROS_PER_SECOND for pause in retry.pauses_s]
    found = store.future_times.repair(now, pauses, slot_of(now), stepped=stepped)
    if tests := _tests(store, now):
        found["tests of variants"] = tests
    if campaigns := _sent_at_once(store, now):
        found["campaigns to be sent at once"] = campaigns
    if found:
        what = ", ".join(f"{number} {name}" for name, number in found.items())
        _log.warning("the clock was ahead once; times that lay in the future are now: %s", what)
    return found


def _tests(store: Store, now: int) -> int:
    """A test of variants lasts as long as it was meant to, from now on at the latest."""
    repaired = 0
    for one in store.campaigns.latest([CampaignStatus.SENDING]):
        if one.decide_at is None:
            continue
        latest = decide_at(one, store.campaigns.variants(one.id), now)
        if latest is not None and one.decide_at > latest + _SLACK:
            repaired += store.campaigns.move(one.id, [one.status], one.status, decide_at=latest)
    return repaired


def _sent_at_once(store: Store, now: int) -> int:
    """A campaign without a chosen time waits until it can no longer be undone; a chosen time is believed."""
    repaired, wait = 0, UNDO_SECONDS * MICROS_PER_SECOND + _SLACK
    for one in store.campaigns.latest([CampaignStatus.SCHEDULED]):
        if one.scheduled_at is None or one.scheduled_at <= now + wait:
            continue
        messages = store.messages.get_many(store.campaigns.message_ids(one.id))
        if any(one.scheduled_at <= message.created_at + wait for message in messages.values()):
            repaired += store.campaigns.move(one.id, [one.status], one.status, scheduled_at=now)
    return repaired
