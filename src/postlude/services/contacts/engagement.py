"""How much one contact cares for the mail they get, from what became of the newest of it."""

from typing import Any, Final

from postlude.analytics.engagement import Engagement, EngagementState, MailEvidence, engagement_of
from postlude.kit.clock import to_iso
from postlude.model.words import Consent
from postlude.store import Store
from postlude.store.contacts.rows import Contact
from postlude.store.messages.rows import Activity, Copy, Message

LOOKED_AT: Final = 100
"""So many of the newest mails to an address are looked at."""
_WORDS: Final = {
    EngagementState.NEW: "New: too few mails, or too short a time, to say more",
    EngagementState.ACTIVE: "Active: opened, clicked or answered lately",
    EngagementState.HOT: "Hot: opened or visited one mail again and again within days, and has not answered",
    EngagementState.LAPSING: "Lapsing: has let the last mails be",
    EngagementState.INACTIVE: "Inactive: no sign of life for half a year and the last five mails",
    EngagementState.UNREACHABLE: "Unreachable: mail comes back",
    EngagementState.UNKNOWN: "Not known: mail to this contact is not tracked, or cannot be told from machines",
}


def contact_engagement(store: Store, contact: Contact, now: int, user: int | None = None) -> Engagement:
    """From the newest LOOKED_AT mails to the contact; with a `user` those that this user sent."""
    copies = [one for one in store.messages.copies_to(contact.address, limit=LOOKED_AT) if one.sent_at is not None]
    messages = store.messages.get_many({one.message for one in copies})
    mine = [one for one in copies if one.message in messages and user in {None, messages[one.message].user}]
    activity = store.messages.activity_of(one.id for one in mine)
    nothing = Activity(copy=0, message=0)
    mails = [_evidence(contact, one, messages[one.message], activity.get(one.id, nothing)) for one in mine]
    return engagement_of(mails, now)


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


def _evidence(contact: Contact, copy: Copy, message: Message, seen: Activity) -> MailEvidence:
    first = [at for at in (seen.first_open_at, seen.first_click_at) if at is not None]
    last = [at for at in (seen.last_open_at, seen.last_click_at) if at is not None]
    people = seen.opens + seen.clicks > 0
    return MailEvidence(
        sent_at=copy.sent_at or message.created_at,
        opens_tracked=message.opens and contact.opens_consent is not Consent.WITHDRAWN,
        clicks_tracked=message.clicks and contact.clicks_consent is not Consent.WITHDRAWN,
        bounced=seen.bounced_at is not None,
        answered_at=seen.replied_at,
        clicks=seen.clicks,
        opens=seen.opens,
        opens_unknown=seen.opens_unknown,
        first_at=min(first) if people and first else None,
        last_at=max(last) if people and last else None,
    )
