"""Campaigns as plain data: one struct per table."""

from collections.abc import Mapping
from typing import Any

import msgspec

from postlude.model.words import CampaignStatus, WinnerRule
from postlude.store.contacts.rows import Audience


class CampaignOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a campaign is sent and tracked."""

    opens: bool = True
    clicks: bool = True
    utm: tuple[tuple[str, str], ...] = ()
    """Query parameters for its links, by name."""
    missing: str = "empty"
    """Handling of an empty merge field: `empty`, `default` or `fail` (that contact gets no copy)."""
    defaults: dict[str, str] = {}
    """For `default`: by field, `contact.first_name`."""
    per_hour: int = 0
    """At most so many copies an hour; 0: as fast as the mail server takes them."""
    local_time: bool = False
    """Send at the scheduled hour in each contact's time zone."""
    time_zone: str = "UTC"
    """The zone the schedule was given in, and of contacts without one."""
    test_percent: int = 0
    """This share of the audience gets the variants in equal parts, the rest the winner. 0: the whole audience, in equal
    parts.
    """
    test_hours: float = 4.0
    """From the start until the winner is decided."""
    rule: WinnerRule = WinnerRule.OPENED
    winner_recipients: int = 500
    """Delivered copies that each variant needs before one of them wins."""
    winner_percent: int = 90
    """How probable it must be that the winner is the best. Otherwise the rest gets the first variant."""
    follows: int | None = None
    """The campaign this one follows up."""
    topics: tuple[str, ...] = ()
    """What it is about; its messages have these topics."""


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """A template, an audience, and how far it is."""

    id: int
    user: int
    name: str
    status: CampaignStatus = CampaignStatus.DRAFT
    problem: str = ""
    """Why it was paused by itself; empty when it was not."""
    sender: str = ""
    """The From header: `Shop <news@example.org>`."""
    reply_to: str = ""
    audience: Audience = Audience()
    options: CampaignOptions = CampaignOptions()
    created_at: int = 0
    scheduled_at: int | None = None
    started_at: int | None = None
    finished_at: int | None = None
    expected: int = 0
    """The size of the audience when it started."""
    taken_up_to: int = 0
    taken_in: bool = False
    """Every contact in the audience has a copy."""
    paced_to: int = 0
    decide_at: int | None = None
    """When the test of variants ends; None when there is none or it is over."""
    winner: int | None = None


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a campaign's content. Its `message` is the row that its copies belong to."""

    campaign: int
    name: str = "A"
    message: int = 0
    subject: str = ""
    preheader: str = ""
    html: str = ""
    mjml: str = ""
    """The source of `html`, when it was written in MJML."""
    text: str = ""
    """Empty: generated from the HTML."""


class CampaignFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes with a campaign."""

    id: int
    campaign: int
    name: str
    content_type: str
    size: int
    hosted: bool = False
    """Downloaded from our server through a tracked link; else it travels with every copy."""
    content_id: str = ""


class CampaignClaim(msgspec.Struct, frozen=True, gc=False):
    """A copy that one worker may hand over, with all it takes to compose it."""

    copy: int
    message: int
    campaign: int
    recipient: str
    attempt: int
    """1 for the first."""
    address: str
    contact: int | None
    name: str | None
    """None: the contact was erased."""
    fields: Mapping[str, Any] | None
    suppressed: str | None
    """Why it may not leave (`model.not_mailed`); None when it may."""
    opens_withdrawn: bool | None = None
    """The latest choice of the address; None when there is none."""
    clicks_withdrawn: bool | None = None
    indeterminate: int = 0
    """How many attempts before ended so."""
    opens_agreed: bool = False
    """The recipient consented to recording them, and did not withdraw."""
    clicks_agreed: bool = False
    generation: int = 0
    """Generation of the state in which it was claimed."""


class AudienceProgress(msgspec.Struct, frozen=True):
    """How far taking in the audience is."""

    copies: int
    """Number created by this call."""
    complete: bool


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """Copies of one message, counted by result. Opens and clicks of people and of others are separate."""

    message: int
    copies: int = 0
    sent: int = 0
    """Taken by the next mail server."""
    delivered: int = 0
    """Of those, not bounced: the base of rates."""
    failed: int = 0
    """Refused, given up, or not tried because the address is suppressed."""
    indeterminate: int = 0
    bounced: int = 0
    opened: int = 0
    """People who opened it, clicked or answered."""
    opened_unknown: int = 0
    """Copies whose only opens may be Apple's."""
    opened_machine: int = 0
    """Only machines opened it."""
    clicked: int = 0
    clicked_machine: int = 0
    """Only machines clicked."""
    replied: int = 0
    unsubscribed: int = 0
    left_all: int = 0
    """Of those, who left all mailings and not one list alone."""
    complained: int = 0
