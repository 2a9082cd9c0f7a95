"""How much one person cares for the mail they get: a score with its parts, and a state in one word."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from postlude.model.words import EngagementState

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
"""A mail counts against the person only when it is so old: who got it this morning is not less interested."""
ACTIVE_DAYS: Final = 90
INACTIVE_DAYS: Final = 180
NEW_DAYS: Final = 30
IGNORED: Final = 5
"""So many tracked mails since the last sign of life make a contact inactive."""
HOT_DAYS: Final = 7
HOT_VISITS: Final = 3
HOT_APART_DAYS: Final = 1 / 24
"""Hot: within so many days, so often, and not all within an hour."""


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
    clicked_first: bool = False
    """A click came before the first opening: one of them may be a filter's that nothing else gave away."""

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
    changes_at: int | None = None
    """From when on time alone may have made another state or score of it; None: never."""


def engagement_of(mails: Sequence[MailEvidence], now: int) -> Engagement:
    """Of one person's mails, in any order."""
    delivered = [mail for mail in mails if not mail.bounced]
    tracked = [mail for mail in delivered if mail.tracked]
    counts = {FULL: 0, SURE: 0, PERHAPS: 0, 0.0: 0}
    for mail in tracked:
        counts[_worth(mail)] += 1
    answered = sum(mail.answered_at is not None for mail in tracked)
    seen_at = _last_seen(delivered)
    return Engagement(
        state=EngagementState.UNREACHABLE if _comes_back(mails) else _state(delivered, tracked, seen_at, now),
        score=_score(tracked, now),
        mails=len(tracked),
        answered=answered,
        clicked=counts[FULL] - answered,
        opened=counts[SURE],
        perhaps=counts[PERHAPS],
        nothing=counts[0.0],
        last_mailed_at=max((mail.sent_at for mail in mails), default=None),
        last_seen_at=seen_at,
        changes_at=_changes_at(delivered, tracked, seen_at, now),
    )


def _worth(mail: MailEvidence) -> float:
    if mail.answered_at is not None or mail.clicks:
        return FULL
    return SURE if mail.opens else PERHAPS if mail.opens_unknown else 0.0


def _score(tracked: Sequence[MailEvidence], now: int) -> int | None:
    """The ages of mails weigh against each other, so that time alone changes it only while a mail ripens."""
    if len(tracked) < LEAST_MAILS:
        return None
    newest = max(mail.sent_at for mail in tracked)
    ripe = now - RIPE_DAYS * _DAY
    reached = possible = 0.0
    for mail in tracked:
        weight = 0.5 ** ((newest - mail.sent_at) / (HALF_LIFE_DAYS * _DAY))
        worth = _worth(mail)
        reached += weight * worth
        possible += weight if mail.sent_at <= ripe else weight * worth
    return round(100 * reached / possible) if possible else None


def _last_seen(mails: Sequence[MailEvidence]) -> int | None:
    return max((at for mail in mails if (at := mail.seen_at) is not None), default=None)


def _comes_back(mails: Sequence[MailEvidence]) -> bool:
    """The newest mail came back, and no later one arrived."""
    return bool(mails) and max(mails, key=lambda mail: mail.sent_at).bounced


def _state(
    delivered: Sequence[MailEvidence], tracked: Sequence[MailEvidence], seen_at: int | None, now: int
) -> EngagementState:
    if any(now <= until for mail in tracked if (until := _hot_until(mail))):
        return EngagementState.HOT
    if seen_at is not None and now - seen_at <= ACTIVE_DAYS * _DAY:
        return EngagementState.ACTIVE
    if not delivered:
        return EngagementState.NEW
    since = [mail for mail in tracked if seen_at is None or mail.sent_at > seen_at]
    if not tracked or any(mail.opens_unknown for mail in since):
        return EngagementState.UNKNOWN
    first = min(mail.sent_at for mail in delivered)
    begun = first if seen_at is None else seen_at
    if len(since) < LEAST_MAILS or (seen_at is None and now - first <= NEW_DAYS * _DAY):
        return EngagementState.NEW if seen_at is None else EngagementState.ACTIVE
    quiet = len(since) >= IGNORED and now - begun > INACTIVE_DAYS * _DAY
    return EngagementState.INACTIVE if quiet else EngagementState.LAPSING


def _hot_until(mail: MailEvidence) -> int:
    """How long one mail that was opened or visited again and again, and is not answered, makes hot; 0: not at all."""
    visits = mail.opens + mail.clicks - mail.clicked_first
    if mail.answered_at is not None or visits < HOT_VISITS:
        return 0
    if mail.first_at is None or mail.last_at is None or mail.last_at - mail.first_at < HOT_APART_DAYS * _DAY:
        return 0
    return mail.last_at + HOT_DAYS * _DAY


def _changes_at(
    delivered: Sequence[MailEvidence], tracked: Sequence[MailEvidence], seen_at: int | None, now: int
) -> int | None:
    """The next of the moments at which a rule above turns."""
    turns = [until + 1 for mail in tracked if (until := _hot_until(mail))]
    turns += [mail.sent_at + RIPE_DAYS * _DAY for mail in tracked]
    if seen_at is not None:
        turns += [seen_at + days * _DAY + 1 for days in (ACTIVE_DAYS, INACTIVE_DAYS)]
    elif delivered:
        first = min(mail.sent_at for mail in delivered)
        turns += [first + days * _DAY + 1 for days in (NEW_DAYS, INACTIVE_DAYS)]
    return min((turn for turn in turns if turn > now), default=None)
