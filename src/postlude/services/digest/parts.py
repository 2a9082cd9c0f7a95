"""Which records of a batch are written together, and which of them are more than a hit to count."""

from collections.abc import Iterable, Sequence
from typing import Final

from postlude.model.observation import Attempt, RawHit, Resolved, Returned, Submitted, Webhook
from postlude.services.digest.item import Item, RecordOutcome
from postlude.services.digest.preferences import is_erasure

SUBMISSIONS: Final = 64
"""In one part: each costs milliseconds, and the first must not wait for the last."""
MANY: Final = 500
"""Records behind submitted messages that are a part of their own: mail does not wait for so many."""


def split_into_parts(items: Sequence[Item]) -> list[list[Item]]:
    """Split a batch so that returned mail follows the outgoing mail it is matched against.

    For the same reason a user's decision follows the finding it is about.

    An erasure is its own part: both stores hold everything before it and nothing after it.

    At most `SUBMISSIONS` submitted messages form a part, and `MANY` hits behind them another one.
    """
    parts: list[list[Item]] = [[]]
    sending = returning = False
    submitted = 0
    for place, item in enumerate(items):
        seen = item.observation
        if seen.__class__ is RawHit:
            if submitted and len(items) - place >= MANY:
                parts.append([])
                submitted = 0
            parts[-1].append(item)
            continue
        if is_erasure(seen):
            parts += [[item], []]
            sending = returning = False
            continue
        if (sending and isinstance(seen, Returned | Webhook)) or (returning and isinstance(seen, Resolved)):
            parts.append([])
            sending = returning = False
        if isinstance(seen, Submitted):
            submitted += 1
            if not submitted % SUBMISSIONS:
                parts.append([])
        sending = sending or isinstance(seen, Submitted | Attempt)
        returning = returning or isinstance(seen, Returned | Webhook)
        parts[-1].append(item)
    return [part for part in parts if part]


def hands_mail_in(part: Iterable[Item]) -> bool:
    """Whether there is mail in it that can leave now."""
    return any(item.observation.__class__ is Submitted for item in part)


def more_than_hits(items: Iterable[Item]) -> list[Item]:
    """All items except hits on pixels and links that became exactly one event."""
    return [
        item for item in items if item.outcome is not RecordOutcome.COUNTED or item.observation.__class__ is not RawHit
    ]
