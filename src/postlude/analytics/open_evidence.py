"""Which copies say whether they were opened: sorts a campaign's copies by what was seen of them and their recipients.

A pixel that a person loaded says so. Apple loads the images of every mail; a reply or a click without a pixel shows
that images are blocked. Where nothing was seen, the recipient's earlier copies decide; where there are none, a share
that is itself estimated.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from postlude.analytics.open_estimate import OpenCounts, PastResponses

_USUALLY_BLOCKED: Final = 0.06
_LIKE_RESPONSES: Final = 30.0
"""How many responses the usual share counts for: a few clicks say little about who blocks images."""


class PastKind(StrEnum):
    """What a recipient's earlier copies say about their images."""

    SEEN = "seen"  # a person's pixel came
    APPLE = "apple"  # only pixels that Apple may have loaded
    BLOCKED = "blocked"  # answered or clicked, and no pixel ever
    NOTHING = "nothing"


class CopyGroup(msgspec.Struct, frozen=True, gc=False):
    """Delivered copies that look alike."""

    copies: float
    opened: bool
    """A person loaded the pixel."""
    unknown: bool
    """The pixel was loaded by what may be Apple."""
    responded: bool
    """A person clicked or answered."""
    past: PastKind = PastKind.NOTHING
    past_delivered: float = 0
    """Earlier copies to their recipients, all together."""
    past_responded: float = 0
    past_opened: float = 0


def count_groups(groups: Iterable[CopyGroup]) -> OpenCounts:
    """Sort groups into knowable and unknowable copies."""
    every = list(groups)
    hidden = [one for one in every if _is_hidden(one)]
    seen = [one for one in every if not _is_hidden(one) and not _is_undecided(one)]
    undecided = [one for one in every if _is_undecided(one)]
    blocked = _blocked_share(every) * sum(one.copies for one in every if not one.unknown)
    known_blocked = sum(one.copies for one in hidden if not one.unknown)
    open_cases = sum(one.copies for one in undecided)
    more_hidden = min(max(blocked - known_blocked, 0.0), open_cases)
    return OpenCounts(
        knowable=sum(one.copies for one in seen) + open_cases - more_hidden,
        opened=sum(one.copies for one in seen if one.opened or one.responded),
        responded=sum(one.copies for one in seen if one.responded),
        unknowable=sum(one.copies for one in hidden) + more_hidden,
        unknowable_opened=sum(one.copies for one in hidden if one.opened or one.responded),
        unknowable_responded=sum(one.copies for one in hidden if one.responded),
        past_knowable=_past(seen),
        past_unknowable=_past(hidden),
    )


def _is_hidden(one: CopyGroup) -> bool:
    if one.unknown:
        return True
    if one.opened:
        return False
    return one.responded or one.past in {PastKind.APPLE, PastKind.BLOCKED}


def _is_undecided(one: CopyGroup) -> bool:
    return not (one.opened or one.unknown or one.responded) and one.past is PastKind.NOTHING


def _blocked_share(groups: list[CopyGroup]) -> float:
    """Of those whose images Apple does not load, who blocks them: as among those who responded, the usual with few."""
    responded = [one for one in groups if one.responded and not one.unknown]
    unseen = sum(one.copies for one in responded if not one.opened)
    return (unseen + _LIKE_RESPONSES * _USUALLY_BLOCKED) / (sum(one.copies for one in responded) + _LIKE_RESPONSES)


def _past(groups: list[CopyGroup]) -> PastResponses:
    with_past = [one for one in groups if one.past_delivered]
    return PastResponses(
        copies=sum(one.copies for one in with_past),
        delivered=sum(one.past_delivered for one in with_past),
        responded=sum(one.past_responded for one in with_past),
        opened=sum(one.past_opened for one in with_past),
    )
