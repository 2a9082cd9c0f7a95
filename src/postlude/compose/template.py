"""A campaign's template, as data."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

Fields = Mapping[str, Mapping[str, object]]
"""The fields of one recipient: `{"contact": {"first_name": "Ada", ...}, "campaign": {...}}`."""

ROOTS = ("contact", "campaign")
"""Names a template may start a field with."""


class Missing(StrEnum):
    """Handling of empty fields. `|default('...')` in the template always comes first."""

    EMPTY = "empty"  # nothing
    DEFAULT = "default"  # the campaign's default for that field; a field without one fails
    FAIL = "fail"  # the copy is not made: MissingFieldError


class Encoding(StrEnum):
    """How the text parts travel."""

    QUOTED_PRINTABLE = "quoted-printable"  # passes every server unchanged, so signatures stay valid
    EIGHT_BIT = "8bit"  # smaller and faster; a part whose lines are too long is quoted-printable all the same


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that travels with every copy."""

    filename: str
    content: bytes
    content_type: str = "application/octet-stream"
    content_id: str = ""
    """With one it is an image of the HTML part: `<img src="cid:CONTENT_ID">`."""


class CampaignTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """The template of one campaign. Subject, preheader, HTML, text may hold Jinja2: `{{ contact.first_name }}`.

    Known names: `contact`, `campaign`, `subject`, `preheader` (the last two in HTML and text), and the recipient's
    own `unsubscribe_url`, `preferences_url`, `view_url`.
    """

    sender: str
    """The From header: `Shop <news@example.org>`."""
    subject: str
    html: str = ""
    text: str = ""
    preheader: str = ""
    """The line mailboxes show behind the subject; hidden at the top of the HTML part."""
    reply_to: str = ""
    attachments: tuple[Attachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """Further header fields, the same in every copy."""
    missing: Missing = Missing.EMPTY
    defaults: Mapping[str, str] = {}
    """For Missing.DEFAULT: `{"contact.first_name": "friend"}`."""
    encoding: Encoding = Encoding.QUOTED_PRINTABLE
