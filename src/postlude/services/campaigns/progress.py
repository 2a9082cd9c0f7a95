"""How far a campaign is: counts, rate, remaining time."""

import msgspec

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.words import ON_ITS_WAY, CampaignStatus
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign


class CampaignProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A moment of a campaign."""

    at: int
    status: CampaignStatus
    total: int
    """Copies there are or will be, as far as known."""
    done: int
    """With their outcome."""
    counts: dict[str, int]
    """Copies by status; those not made yet are in none."""
    rate: float = 0.0
    """Recent copies per second."""
    remaining_s: float | None = None
    """None while the rate is not known, or nothing moves."""


def progress_of(
    store: Store, clock: Clock, campaign: Campaign, before: CampaignProgress | None = None
) -> CampaignProgress:
    """Where it is now. With `before`, an earlier answer, rate and remaining time are those since then."""
    counts = store.campaigns.counts(campaign.id)
    made = sum(counts.values())
    done = made - sum(counts.get(status, 0) for status in ON_ITS_WAY)
    total = made if campaign.taken_in else max(made, campaign.expected)
    now = clock.now()
    rate = _rate(campaign, done, now, before)
    moving = campaign.status is CampaignStatus.SENDING and rate > 0
    return CampaignProgress(
        at=now,
        status=campaign.status,
        total=total,
        done=done,
        counts={status.value: count for status, count in sorted(counts.items())},
        rate=round(rate, 1),
        remaining_s=(total - done) / rate if moving else None,
    )


def _rate(campaign: Campaign, done: int, now: int, before: CampaignProgress | None) -> float:
    since, already = (before.at, before.done) if before is not None else (campaign.started_at, 0)
    until = campaign.finished_at if before is None and campaign.finished_at else now
    if since is None or until <= since or done <= already:
        return 0.0
    return (done - already) * MICROS_PER_SECOND / (until - since)
