"""The words a parser answers with: what came back, for whom, why, and how far it is to be believed."""

from enum import StrEnum
from typing import Protocol

import msgspec


class TagReader(Protocol):
    """Reads a copy id out of a tag that carries our MAC."""

    def __call__(self, purpose: str, text: str, /) -> int | None:
        """None when `text` is not a genuine tag for `purpose`."""
        ...


class FindingKind(StrEnum):
    """The kind of a returned mail, or of one recipient's part of it."""

    BOUNCED = "bounced"  # the mail system reports that it will not be delivered
    DEFERRED = "deferred"  # delayed, still being tried
    DELIVERED = "delivered"  # DSN action delivered
    RELAYED = "relayed"  # handed to a system that sends no reports
    EXPANDED = "expanded"  # delivered to a list or alias
    COMPLAINED = "complained"  # marked as spam
    NOT_SPAM = "not_spam"  # a complaint taken back
    AUTH_FAILURE = "auth_failure"  # SPF, DKIM or DMARC failed somewhere
    UNSUBSCRIBED = "unsubscribed"
    DISPLAYED = "displayed"  # MDN with disposition displayed
    AUTORESPONDED = "autoresponded"
    REPLIED = "replied"
    REACTED = "reacted"  # an emoji through the mail program: no answer in words
    MAIL = "mail"  # an ordinary mail that answers none of ours
    UNREADABLE = "unreadable"  # not a mail, or a parser failed; `diagnostic` names it


class Wish(StrEnum):
    """A wish in an answer besides its kind; a user decides."""

    NONE = ""
    LEAVE = "leave"  # wants no more mail, among other words


class Reason(StrEnum):
    """Why a mail was not delivered (empty for everything else). Order and meaning: docs/reference/feedback.md."""

    NONE = ""
    UNKNOWN_USER = "unknown_user"
    DISABLED_USER = "disabled_user"
    MOVED = "moved"
    DEAD_DOMAIN = "dead_domain"
    NO_MAIL_DOMAIN = "no_mail_domain"
    MAILBOX_FULL = "mailbox_full"
    RECIPIENT_REFUSED = "recipient_refused"
    TOO_LARGE = "too_large"
    SPAM = "spam"
    VIRUS = "virus"
    CONTENT = "content"
    POLICY = "policy"
    AUTHENTICATION = "authentication"
    REPUTATION = "reputation"
    RATE_LIMITED = "rate_limited"
    SENDER_REFUSED = "sender_refused"
    RELAYING_DENIED = "relaying_denied"
    SYSTEM = "system"
    NETWORK = "network"
    EXPIRED = "expired"
    PROTOCOL = "protocol"
    UNDEFINED = "undefined"


class Fault(StrEnum):
    """The side that caused it."""

    NONE = ""
    RECIPIENT = "recipient"
    DOMAIN = "domain"
    MESSAGE = "message"
    SENDER = "sender"
    RECEIVER = "receiver"
    NETWORK = "network"
    LOCAL = "local"
    UNKNOWN = "unknown"


class Persistence(StrEnum):
    """Meaning of the report for the address."""

    NONE = ""
    GONE = "gone"  # no mail will reach it unless it is restored
    PASSING = "passing"  # may work later
    UNAFFECTED = "unaffected"  # the address is fine, something else was refused
    UNKNOWN = "unknown"


class Evidence(StrEnum):
    """Evidence that matches a finding to a copy, strongest first. We signed the first six: they cannot be forged."""

    ENVELOPE_TAG = "envelope_tag"
    ENVID = "envid"  # a tag of ours that went out as ENVID (RFC 3461)
    REPLY_TAG = "reply_tag"
    UNSUBSCRIBE_TAG = "unsubscribe_tag"
    MESSAGE_ID_TAG = "message_id_tag"
    QUOTED_PAGE = "quoted_page"  # the address of a page of the copy, as in List-Unsubscribe
    QUOTED_LINK = "quoted_link"  # signed as well, but links and pixels are passed on and published
    MESSAGE_ID = "message_id"
    PROVIDER_ID = "provider_id"
    ADDRESS = "address"
    SUBJECT = "subject"
    NONE = ""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One statement of one returned mail about one recipient. Plain data, the same for the same bytes."""

    kind: FindingKind
    recipient: str = ""
    """Lower-cased address the finding is about; empty when the mail does not name it."""
    reason: Reason = Reason.NONE
    status: str = ""
    """Enhanced status code (RFC 3463)."""
    action: str = ""
    """DSN action or MDN disposition, lower-cased, as it came."""
    copy: int = 0
    """The copy a signed tag named, 0 when none verified."""
    evidence: Evidence = Evidence.NONE
    fault: Fault = Fault.NONE
    persistence: Persistence = Persistence.NONE
    rule: str = ""
    """Id of the rule that decided."""
    code: int = 0
    """SMTP reply code, 0 when none was given."""
    diagnostic: str = ""
    """The refusing server's text, one line."""
    message_ids: tuple[str, ...] = ()
    """Message-IDs of the mail this is about, without angle brackets, strongest first."""
    sender: str = ""
    """Lower-cased address that wrote what came back."""
    subject: str = ""
    text: str = ""
    """A reply's new text without the quote; the emoji of a reaction."""
    envid: str = ""
    conflict: str = ""
    """Not empty: two signed tags name different copies; nothing may be concluded."""
    feedback_type: str = ""
    """ARF Feedback-Type as it came."""
    at: str = ""
    """The Date header of what came back, as it came."""
    original_recipient: str = ""
    """ORCPT (RFC 3461) or Original-Rcpt-To where it differs from `recipient`."""
    remote_mta: str = ""
    event_id: str = ""
    """A provider's own id of this event: a repeat carries the same."""
    original_subject: str = ""
    """Subject of the mail this is about, where it was sent back."""
    wish: Wish = Wish.NONE
    """Set on replies only: an answer with only the wish to leave is UNSUBSCRIBED."""
