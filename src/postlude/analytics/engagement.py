"""How much one person cares for the mail they get: a score with its parts, and a state in one word."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

_DAY: Final = 86_400 * 1_000_000
HALF_LIFE_DAYS: Final = 90
"""A mail that is so much older than another weighs half as much."""
LEAST_MAILS: Final = 3
"""Below so many tracked mails there is no score."""
FULL: Final = 1.0
SURE: Final = 0.5
PERHAPS: Final = 0.15
"""What counts a mail that was clicked or answered, one that a person opened, and one that perhaps was."""
RIPE_DAYS: Final = 3
"""A mail without a sign of life weighs fully only after that: who got it this morning is not less interested."""
ACTIVE_DAYS: Final = 90
INACTIVE_DAYS: Final = 180
NEW_DAYS: Final = 30
IGNORED: Final = 5
"""So many tracked mails since the last sign of life make a contact inactive."""
HOT_DAYS: Final = 7
HOT_VISITS: Final = 3
HOT_APART_DAYS: Final = 1 / 24
"""Hot: within so many days, so often, and not all within an hour."""


class EngagementState(StrEnum):
    """What to make of a contact."""

    NEW = "new"
    ACTIVE = "active"
    HOT = "hot"
    LAPSING = "lapsing"
    INACTIVE = "inactive"
    UNREACHABLE = "unreachable"
    """The newest mail came back."""
    UNKNOWN = "unknown"
    """Not tracked, or seen only by what cannot be told from a machine: such a contact is never called inactive."""


class MailEvidence(NamedTuple):
    """What became of one mail. Times in microseconds, None for never; counts are of people but `opens_unknown`."""

    sent_at: int
    opens_tracked: bool = True
    clicks_tracked: bool = True
    bounced: bool = False
    answered_at: int | None = None
    clicks: int = 0
    opens: int = 0
    opens_unknown: int = 0
    first_at: int | None = None
    """Of a person's first open or click."""
    last_at: int | None = None

    @property
    def tracked(self) -> bool:
        """Whether it could have shown a sign of life."""
        return self.opens_tracked or self.clicks_tracked

    @property
    def seen_at(self) -> int | None:
        """The last sign of life."""
        return max((at for at in (self.answered_at, self.last_at) if at is not None), default=None)


class Engagement(msgspec.Struct, frozen=True, kw_only=True):
    """The score with the counts it is made of; each tracked and delivered mail is in one of the last five."""

    state: EngagementState
    score: int | None
    """0 to 100; None below LEAST_MAILS."""
    mails: int
    """Tracked and delivered ones."""
    answered: int
    clicked: int
    opened: int
    perhaps: int
    nothing: int
    last_mailed_at: int | None
    last_seen_at: int | None


def engagement_of(mails: Sequence[MailEvidence], now: int) -> Engagement:
    """Of one person's mails, in any order."""
    delivered = [mail for mail in mails if not mail.bounced]
    tracked = [mail for mail in delivered if mail.tracked]
    answered = [mail for mail in tracked if mail.answered_at is not None]
    clicked = [mail for mail in tracked if mail.answered_at is None and mail.clicks]
    opened = [mail for mail in tracked if mail.answered_at is None and not mail.clicks and mail.opens]
    perhaps = [mail for mail in tracked if not _counts(mail) and mail.opens_unknown]
    return Engagement(
        state=EngagementState.UNREACHABLE if _comes_back(mails) else _state(delivered, tracked, now),
        score=_score(tracked, now),
        mails=len(tracked),
        answered=len(answered),
        clicked=len(clicked),
        opened=len(opened),
        perhaps=len(perhaps),
        nothing=len(tracked) - len(answered) - len(clicked) - len(opened) - len(perhaps),
        last_mailed_at=max((mail.sent_at for mail in mails), default=None),
        last_seen_at=_last_seen(delivered),
    )


def _counts(mail: MailEvidence) -> bool:
    return mail.answered_at is not None or mail.clicks > 0 or mail.opens > 0


def _worth(mail: MailEvidence) -> float:
    if mail.answered_at is not None or mail.clicks:
        return FULL
    return SURE if mail.opens else PERHAPS if mail.opens_unknown else 0.0


def _score(tracked: Sequence[MailEvidence], now: int) -> int | None:
    if len(tracked) < LEAST_MAILS:
        return None
    reached = possible = 0.0
    for mail in tracked:
        age = max(0.0, (now - mail.sent_at) / _DAY)
        weight = 0.5 ** (age / HALF_LIFE_DAYS)
        worth = _worth(mail)
        reached += weight * worth
        possible += weight * max(worth, min(1.0, age / RIPE_DAYS))
    return round(100 * reached / possible) if possible else None


def _last_seen(mails: Sequence[MailEvidence]) -> int | None:
    return max((at for mail in mails if (at := mail.seen_at) is not None), default=None)


def _comes_back(mails: Sequence[MailEvidence]) -> bool:
    """The newest mail came back, and no later one arrived."""
    return bool(mails) and max(mails, key=lambda mail: mail.sent_at).bounced


def _state(delivered: Sequence[MailEvidence], tracked: Sequence[MailEvidence], now: int) -> EngagementState:
    seen_at = _last_seen(delivered)
    if _is_hot(tracked, now):
        return EngagementState.HOT
    if seen_at is not None and now - seen_at <= ACTIVE_DAYS * _DAY:
        return EngagementState.ACTIVE
    since = [mail for mail in tracked if seen_at is None or mail.sent_at > seen_at]
    if not tracked or any(mail.opens_unknown for mail in since):
        return EngagementState.UNKNOWN
    first = min(mail.sent_at for mail in delivered)
    begun = first if seen_at is None else seen_at
    if len(since) < LEAST_MAILS or (seen_at is None and now - first <= NEW_DAYS * _DAY):
        return EngagementState.NEW if seen_at is None else EngagementState.ACTIVE
    quiet = len(since) >= IGNORED and now - begun > INACTIVE_DAYS * _DAY
    return EngagementState.INACTIVE if quiet else EngagementState.LAPSING


def _is_hot(tracked: Sequence[MailEvidence], now: int) -> bool:
    """One mail was opened or visited again and again within days, and is not answered."""
    return any(
        mail.answered_at is None
        and mail.opens + mail.clicks >= HOT_VISITS
        and mail.first_at is not None
        and mail.last_at is not None
        and now - mail.last_at <= HOT_DAYS * _DAY
        and mail.last_at - mail.first_at >= HOT_APART_DAYS * _DAY
        for mail in tracked
    )
