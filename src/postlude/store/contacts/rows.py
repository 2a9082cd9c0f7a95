"""Contacts, lists, consent and suppressions as plain data."""

from collections.abc import Sequence
from typing import Any

import msgspec

from postlude.model.words import Consent, MemberStatus, Purpose
from postlude.segments.expression import Expression


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A person who can be mailed."""

    id: int
    address: str
    """In lower case: no two contacts share it."""
    spelled: str
    """As used in SMTP: the local part as given, the domain in lower case ASCII (A-labels)."""
    name: str = ""
    fields: dict[str, Any] = {}
    """Custom fields: text, numbers or booleans by name."""
    time_zone: str = ""
    """An IANA name, or empty."""
    source: str = ""
    """Where it came from: `import customers.csv`, `by hand`, `subscribe`."""
    mail_consent: Consent = Consent.UNKNOWN
    opens_consent: Consent = Consent.UNKNOWN
    clicks_consent: Consent = Consent.UNKNOWN
    created_at: int = 0
    updated_at: int = 0


class MailingList(msgspec.Struct, frozen=True, kw_only=True):
    """A list contacts subscribe to."""

    id: int
    name: str
    description: str = ""
    double_optin: bool = True
    """New members confirm by mail before they get other mail."""
    public: bool = False
    """Recipients see it on their preferences page and can join or leave there."""
    consent_text: str = ""
    """What a member agrees to when confirming; stored in the proof."""
    sender: str = ""
    """From address of the confirmation mail; empty: the first user's."""
    created_at: int = 0
    owner: int = 0
    """The user who set `sender`, and must still be allowed to write as it; 0: who runs the server."""


class ListTotals(msgspec.Struct, frozen=True):
    """How many members a list has, by status."""

    pending: int = 0
    subscribed: int = 0
    unsubscribed: int = 0


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One contact on one list."""

    list: int
    contact: int
    status: MemberStatus
    source: str = ""
    asked_at: int | None = None
    """When the confirmation mail was asked for."""
    subscribed_at: int | None = None
    unsubscribed_at: int | None = None
    copy: int | None = None
    """The copy whose link ended it."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Proof of a consent; a whole import may share one proof."""

    id: int
    at: int
    how: str
    """`import`, `confirmed by mail`, `by hand`, `preferences page`."""
    source: str = ""
    """Where people agreed, as stated by the user who imported them."""
    text: str = ""
    """Consent."""
    evidence: str = ""
    """Journal position, address, user agent: what a court would ask for."""
    by: str = ""
    """The user who recorded it, when it was not the contact."""


class ConsentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a contact's consent, with its proof."""

    purpose: Purpose
    state: Consent
    at: int
    proof: Proof


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """The audience of a campaign. All given parts must match; within a part, one of its values.

    Suppressed addresses and contacts that withdrew their consent to mail are never in it. Without lists, tags, contacts
    or `everyone` it is empty: an empty form must not mail all contacts.
    """

    lists: Sequence[int] = ()
    """Subscribed to one of these."""
    tags: Sequence[int] = ()
    """Tagged with one of these."""
    contacts: Sequence[int] = ()
    """One of these."""
    everyone: bool = False
    without_lists: Sequence[int] = ()
    """Subscribed to none of these."""
    without_tags: Sequence[int] = ()
    consented: bool = False
    """Only contacts whose consent to mail is recorded."""
    segment: Expression | None = None
    """Only contacts it chooses; alone it means: of all contacts."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """One contact of an audience."""

    contact: Contact
    list: int | None = None
    """The list they are in it by; None when it was not a list."""


class Suppression(msgspec.Struct, frozen=True):
    """An address that must not be mailed, and why."""

    address: str
    reason: str
    """`unsubscribed`, `complained`, `unknown_user`, `manual` ..."""
    evidence: str = ""
    copy: int | None = None
    at: int = 0
    by: str = ""
    """The user who added it by hand or by import."""
    left_at: int | None = None
    """When its owner ended mailings, whatever the stronger reason beside is."""


class CopySuppression(msgspec.Struct, frozen=True, gc=False):
    """Suppress the address a copy went to."""

    copy: int
    reason: str
    evidence: str
    at: int
    only_list: bool = False
    """If the copy was sent to a list: end that membership instead."""


class Confirmation(msgspec.Struct, frozen=True, gc=False):
    """A contact pressed the button of a list's confirmation mail."""

    list: int
    contact: int
    at: int
    evidence: str
