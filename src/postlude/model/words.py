"""Closed vocabularies shared by code, UI, API and docs."""

from enum import IntFlag, StrEnum
from typing import Final, Self

_FORMER: Final = {"unsure": "indeterminate"}
"""Values that older versions wrote into journals, histories and states. They are read, and never written."""


class _Renamed(StrEnum):
    """A vocabulary of which some values had other names: those are still read."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        name = _FORMER.get(value) if isinstance(value, str) else None
        return None if name is None else cls(name)


class Verdict(StrEnum):
    """Who caused an event."""

    HUMAN = "human"
    HUMAN_PROXIED = "human_proxied"
    UNKNOWN = "unknown"
    MACHINE_SUSPECTED = "machine_suspected"
    MACHINE = "machine"
    SELF = "self"


PEOPLE = frozenset({Verdict.HUMAN, Verdict.HUMAN_PROXIED})
"""Verdicts that count as a person's."""


class EventKind(_Renamed):
    """What an observation means for one copy."""

    QUEUED = "queued"
    SENT = "sent"  # handed over: the next server answered 250
    DEFERRED = "deferred"
    DELIVERED = "delivered"  # reported by a DSN, a provider or the sandbox mailbox
    BOUNCED = "bounced"  # refused after it was accepted, by mail
    REJECTED = "rejected"  # refused by the next server while handing over
    INDETERMINATE = "indeterminate"  # connection lost when the next server may already have accepted
    EXPIRED = "expired"  # retries ended at the deadline
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    REPLIED = "replied"
    AUTORESPONDED = "autoresponded"
    DISPLAYED = "displayed"  # MDN, RFC 8098 disposition "displayed"
    VIEWED = "viewed"  # a page of ours: unsubscribe, preferences, view in browser
    UNMATCHED = "unmatched"  # returned mail that could not be matched to a copy


class CopyStatus(_Renamed):
    """Delivery status of a copy."""

    QUEUED = "queued"
    HELD = "held"  # of a campaign's test of variants: waits for the winner
    CLAIMED = "claimed"  # claimed by a worker, not yet attempted
    SENDING = "sending"  # being handed over: if its worker dies now, the result is not known
    SENT = "sent"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    INDETERMINATE = "indeterminate"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"  # its campaign was, before it left


ON_ITS_WAY = (CopyStatus.HELD, CopyStatus.QUEUED, CopyStatus.CLAIMED, CopyStatus.SENDING, CopyStatus.DEFERRED)
"""Statuses of copies that have no outcome yet."""

MAY_GO_AGAIN = frozenset(
    {CopyStatus.INDETERMINATE, CopyStatus.REJECTED, CopyStatus.EXPIRED, CopyStatus.SUPPRESSED, CopyStatus.DEFERRED}
)
"""Statuses from which a user can have a copy sent again. DEFERRED: now instead of later."""


class EngagementState(StrEnum):
    """What to make of a contact, by what became of the mail to them (`analytics.engagement`)."""

    NEW = "new"
    ACTIVE = "active"
    HOT = "hot"
    LAPSING = "lapsing"
    INACTIVE = "inactive"
    UNREACHABLE = "unreachable"
    """The newest mail came back."""
    UNKNOWN = "unknown"
    """Not tracked, or seen only by what cannot be told from a machine: such a contact is never called inactive."""


class Tracked(IntFlag):
    """What can be seen of a copy, decided when it left; stored as a number."""

    NOTHING = 0
    OPENS = 1
    CLICKS = 2


class SendOutcome(_Renamed):
    """What one attempt to hand a copy over ended in."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    INDETERMINATE = "indeterminate"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"  # not tried: the address is on the suppression list


class IfIndeterminate(StrEnum):
    """What a sender wants of a copy that may or may not have arrived."""

    NEVER_TWICE = "never-twice"  # it stays so until a person decides
    RATHER_TWICE = "rather-twice"  # it is tried once more


class HitEndpoint(StrEnum):
    """Which public URL was asked for."""

    PIXEL = "pixel"
    LINK = "link"
    UNSUBSCRIBE_PAGE = "unsubscribe_page"  # GET: changes nothing
    UNSUBSCRIBE = "unsubscribe"  # POST: RFC 8058 or the page's button
    PREFERENCES_PAGE = "preferences_page"
    PREFERENCES = "preferences"
    VIEW = "view"
    DAMAGED_LINK = "damaged_link"  # GET or HEAD of a form of a link that is not in the mail: leads nowhere
    CONFIRM_PAGE = "confirm_page"  # GET: changes nothing; message is the list, copy the contact
    CONFIRM = "confirm"  # POST: the contact wants to be on the list


class Via(StrEnum):
    """The entrance a message came in by."""

    RELAY = "relay"
    API = "api"
    WEB = "web"
    CLI = "cli"
    CAMPAIGN = "campaign"


class MessagePurpose(StrEnum):
    """What a message is for; says what an unsubscribe ends."""

    PERSONAL = "personal"  # one person writes to another
    TRANSACTIONAL = "transactional"  # follows from what the recipient did: receipts, confirmations
    MAILING = "mailing"  # one text to many


class TopicSource(StrEnum):
    """Where a message has a topic from."""

    HAND = "hand"
    CAMPAIGN = "campaign"
    RULE = "rule"


class TopicPart(StrEnum):
    """What a rule looks at."""

    SUBJECT = "subject"
    LINK = "link"
    SENDER = "sender"


class MemberStatus(StrEnum):
    """Status of a contact on a list."""

    PENDING = "pending"  # asked to confirm by mail, not confirmed: gets nothing else
    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"


class Consent(StrEnum):
    """A contact's consent. Each change is stored with its proof."""

    UNKNOWN = ""
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Purpose(StrEnum):
    """What is consented to, each by itself: tracking apart from mail, opens apart from clicks."""

    MAIL = "mail"
    OPENS = "opens"
    CLICKS = "clicks"


class JobStatus(StrEnum):
    """Status of long work."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CampaignStatus(StrEnum):
    """Where a campaign is."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"  # content and audience are fixed; sent at its time
    SENDING = "sending"
    PAUSED = "paused"  # nothing is sent until it is resumed
    SENT = "sent"  # every copy has its outcome
    CANCELLED = "cancelled"  # what had not left never does


class WinnerRule(StrEnum):
    """What decides a test of variants."""

    OPENED = "opened"  # people who opened, clicked or answered, over copies handed over
    CLICKED = "clicked"
    MANUAL = "manual"  # a user chooses
