"""How much contacts care for the mail they get, in words: the store computes it (`store.contacts.engagement`)."""

from typing import Any, Final

from postlude.analytics.engagement import Engagement
from postlude.kit.clock import to_iso
from postlude.model.words import EngagementState

_WORDS: Final = {
    EngagementState.NEW: "New: too few mails, or too short a time, to say more",
    EngagementState.ACTIVE: "Active: opened, clicked or answered lately",
    EngagementState.HOT: "Hot: opened or visited one mail again and again within days, and has not answered",
    EngagementState.LAPSING: "Lapsing: has let the last mails be",
    EngagementState.INACTIVE: "Inactive: no sign of life for half a year and the last five mails",
    EngagementState.UNREACHABLE: "Unreachable: mail comes back",
    EngagementState.UNKNOWN: "Not known: mail to this contact is not tracked, or cannot be told from machines",
}


def engagement_words(found: Engagement) -> str:
    """The state in a sentence."""
    return _WORDS[found.state]


def engagement_parts(found: Engagement) -> str:
    """What the score is made of, in a sentence; empty without tracked mail."""
    if not found.mails:
        return ""
    counts = [
        (found.answered, "answered"),
        (found.clicked, "clicked"),
        (found.opened, "opened"),
        (found.perhaps, "perhaps opened"),
        (found.nothing, "without a sign"),
    ]
    parts = ", ".join(f"{count} {words}" for count, words in counts if count)
    return f"{found.mails} tracked {'mail' if found.mails == 1 else 'mails'}: {parts}"


def engagement_json(found: Engagement) -> dict[str, Any]:
    """With the public names."""
    return {
        "state": found.state.value,
        "score": found.score,
        "mails": found.mails,
        "answered": found.answered,
        "clicked": found.clicked,
        "opened": found.opened,
        "perhaps_opened": found.perhaps,
        "nothing": found.nothing,
        "last_mailed_at": to_iso(found.last_mailed_at) if found.last_mailed_at is not None else None,
        "last_seen_at": to_iso(found.last_seen_at) if found.last_seen_at is not None else None,
    }
