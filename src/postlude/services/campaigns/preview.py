"""The copy of one contact, for preview: without pixel, tracked links and tokens."""

import msgspec

from postlude.compose import MissingFieldError, TemplateError
from postlude.mail.bodies import read_bodies
from postlude.mail.header_block import HeaderBlock, decoded
from postlude.services.campaigns.audience import audience_at
from postlude.services.campaigns.bounded_compose import Sample
from postlude.services.campaigns.content import SAMPLE, Contents, fields_of
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Contact


class CopyPreview(msgspec.Struct, frozen=True, kw_only=True):
    """One contact's copy, taken apart."""

    address: str
    subject: str
    preheader: str
    html: str
    text: str
    size: int
    """Bytes of the whole message."""
    html_size: int


def preview_copy(contents: Contents, campaign: Campaign, variant: Variant, contact: Contact | None) -> CopyPreview:
    """The copy of `contact` (None: without a contact). Raises MissingFieldError or TemplateError."""
    raw = preview_sample(contents, campaign, variant, contact).message
    bodies = read_bodies(raw)
    html = bodies.html or ""
    return CopyPreview(
        address=(contact or SAMPLE).address,
        subject=decoded(HeaderBlock(raw).first("subject")),
        preheader=variant.preheader,
        html=html,
        text=bodies.text or "",
        size=len(raw),
        html_size=len(html.encode()),
    )


def preview_sample(contents: Contents, campaign: Campaign, variant: Variant, contact: Contact | None) -> Sample:
    """As `preview_copy`, the message as bytes, without To, Date and Message-ID."""
    person = contact or SAMPLE
    untracked = contents.policy(campaign, opens=False, clicks=False)
    fields = fields_of(campaign, person.address, person.name, person.fields)
    return contents.sample(campaign, variant, untracked, fields)


def someone(store: Store, campaign: Campaign, now: int, address: str = "") -> Contact | None:
    """The contact with this address, else the first of the audience at `now`; None when the audience is empty."""
    if address:
        return store.contacts.by_address(address)
    page = store.contacts.audience_page(audience_at(store, campaign, now), limit=1)
    return page[0].contact if page else None


def page_for_browsers(contents: Contents, campaign: Campaign, variant: Variant) -> str:
    """The HTML without a contact's data; empty when the template needs a contact."""
    try:
        return preview_copy(contents, campaign, variant, Contact(id=0, address="", spelled="")).html
    except (MissingFieldError, TemplateError):
        return ""
