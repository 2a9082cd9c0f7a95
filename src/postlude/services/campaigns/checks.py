"""Checks before a campaign is sent: a list of named functions; each finding names the problem and its remedy."""

import re
from collections.abc import Iterator
from enum import StrEnum
from html import unescape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import unquote

import msgspec

from postlude.compose import MissingFieldError, TemplateError
from postlude.instrument import LinkReason
from postlude.mail.mailboxes import read_one_mailbox
from postlude.model.address import AddressError
from postlude.model.errors import InputError
from postlude.services.campaigns.audience import audience_at
from postlude.services.campaigns.bounded_compose import TemplateExamination
from postlude.services.campaigns.content import Contents
from postlude.services.campaigns.files import SCHEME
from postlude.services.campaigns.preview import preview_copy
from postlude.services.ports import HasKey
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Audience, Recipient

CLIPPED: Final = 102_000  # bytes of HTML Gmail shows before "[Message clipped]", with the pixel behind it
_LOOKED_AT: Final = 1000
_LONG_SUBJECT: Final = 70
_BUILT_IN: Final = frozenset({"contact.email", "contact.name"})
_BROKEN: Final = {
    LinkReason.BAD_URL: "is not a URL that a reader can follow",
    LinkReason.RELATIVE: "has no host: write it in full, with https://",
    LinkReason.EMPTY: "leads nowhere: give it a URL",
    LinkReason.PLACEHOLDER: "contains a placeholder that is not filled in",
    LinkReason.TOO_LONG: "is too long to be tracked",
    LinkReason.WRAPPED: "is broken over two lines: write it on one line",
    LinkReason.UNDECODABLE: "contains bytes that are not text",
}


_OWN_FILE: Final = re.compile(r"(?<![\w.+-])(hosted:|cid:)([^\s\"'<>()]+)", re.IGNORECASE)


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"  # it cannot be sent like this
    SERIOUS = "serious"  # it should not be sent; a user can override it
    WARNING = "warning"


class CampaignFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at."""

    level: Level
    check: str
    variant: str
    text: str


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What checks look at."""

    store: Store
    contents: Contents
    campaign: Campaign
    people: list[Recipient]
    """The first of the audience."""
    chosen: Audience
    audience: int
    has_key: HasKey
    """Whether mail from a domain gets a DKIM signature."""


def check_campaign(
    store: Store, contents: Contents, campaign: Campaign, now: int, has_key: HasKey = lambda _: True
) -> list[CampaignFinding]:
    """All findings at the moment `now`, the most severe first. Reads only."""
    try:
        chosen = audience_at(store, campaign, now)
    except InputError as error:
        return [_finding(Level.ERROR, "audience", str(error))]
    people = store.contacts.audience_page(chosen, limit=_LOOKED_AT)
    context = Context(
        store=store,
        contents=contents,
        campaign=campaign,
        people=people,
        chosen=chosen,
        audience=store.contacts.audience_count(chosen),
        has_key=has_key,
    )
    found = [*_audience(context), *_sender(context)]
    for variant in store.campaigns.variants(campaign.id):
        found += _variant(context, variant)
    order = list(Level)
    return sorted(found, key=lambda one: order.index(one.level))


def _finding(level: Level, check: str, text: str, variant: str = "") -> CampaignFinding:
    return CampaignFinding(level=level, check=check, variant=variant, text=text)


def _audience(context: Context) -> Iterator[CampaignFinding]:
    if not context.audience:
        yield _finding(Level.ERROR, "audience", "the audience is empty: choose lists, tags or everyone")
        return
    if left := context.store.contacts.audience_left(context.chosen):
        text = f"{left:,} who left a list and are subscribed to no list are left out: only they can subscribe again"
        yield _finding(Level.WARNING, "left", text)
    if asking := context.store.contacts.audience_asking(context.chosen):
        text = f"{asking:,} who ask in an answer to be taken off are left out until you decide under Unmatched"
        yield _finding(Level.WARNING, "asking", text)
    given = context.store.contacts.audience_count(msgspec.structs.replace(context.chosen, consented=True))
    if missing := context.audience - given:
        text = f"{missing:,} of {context.audience:,} have no recorded consent to mail: record it, or leave them out"
        yield _finding(Level.SERIOUS, "consent", text)


def _sender(context: Context) -> Iterator[CampaignFinding]:
    if not context.campaign.sender.strip():
        yield _finding(Level.ERROR, "sender", "there is no sender: add one, Name <name@your-domain>")
        return
    try:
        address = read_one_mailbox(context.campaign.sender).spelled
    except AddressError as error:
        yield _finding(Level.ERROR, "sender", f"{error.reason} in the sender: {error.remedy}")
        return
    if not address.isascii():
        text = f"{address} is not ASCII before the @: only servers that offer SMTPUTF8 accept mail from it"
        yield _finding(Level.SERIOUS, "sender", text)
    if not context.has_key(domain := address.rpartition("@")[2]):
        text = (
            f"mail from {domain} is not signed: large mailbox providers refuse it; run `postlude domain add {domain}`"
        )
        yield _finding(Level.WARNING, "signature", text)


def _variant(context: Context, variant: Variant) -> Iterator[CampaignFinding]:
    if not variant.html.strip() and not variant.text.strip():
        yield _finding(Level.ERROR, "content", "there is no content: add HTML, MJML or text", variant.name)
        return
    try:
        compiled = context.contents.examine(context.campaign, variant, context.contents.policy(context.campaign))
    except InputError as error:
        yield _finding(Level.ERROR, "template", str(error), variant.name)
        return
    for check in (_subject, _unsubscribe, _links, _files, _fields, _images, _rendered):
        for level, text in check(context, variant, compiled):
            yield _finding(level, check.__name__.strip("_"), text, variant.name)


_Findings = Iterator[tuple[Level, str]]


def _subject(_context: Context, variant: Variant, _compiled: TemplateExamination) -> _Findings:
    if not variant.subject.strip():
        yield Level.SERIOUS, "the subject is empty"
    elif len(variant.subject) > _LONG_SUBJECT and "{{" not in variant.subject:
        yield Level.WARNING, f"the subject has {len(variant.subject)} characters; phones show about 40"
    if not variant.preheader.strip():
        yield Level.WARNING, "there is no preheader: mailboxes show the first words of the text instead"


def _unsubscribe(_context: Context, variant: Variant, _compiled: TemplateExamination) -> _Findings:
    for where, text in (("HTML", variant.html), ("text", variant.text)):
        if text.strip() and "unsubscribe_url" not in text and "preferences_url" not in text:
            yield Level.SERIOUS, f"the {where} has no way to unsubscribe: add a link to {{{{ unsubscribe_url }}}}"


def _links(_context: Context, _variant: Variant, compiled: TemplateExamination) -> _Findings:
    for link in compiled.links:
        why = _BROKEN.get(link.reason)
        if why is not None:
            shown = f" ({link.label})" if link.label else ""
            yield Level.SERIOUS, f"link {link.position}{shown} {link.url or 'without a URL'} {why}"


def _files(context: Context, variant: Variant, _compiled: TemplateExamination) -> _Findings:
    """References in the content to files that the campaign does not have."""
    template = context.contents.template(context.campaign, variant)
    inside = {each.content_id for each in template.attachments if each.content_id}
    for scheme, name in dict.fromkeys(_OWN_FILE.findall(unescape(f"{template.html}\n{template.text}"))):
        if scheme.lower() == SCHEME:
            text = f"{SCHEME}{name} is not among the hosted files: host it with the campaign, or correct the name"
            yield Level.ERROR, text
        elif unquote(name) not in inside:
            yield Level.ERROR, f"{scheme}{name} is not among the files in the mail: attach it, or correct the name"


def _fields(context: Context, _variant: Variant, compiled: TemplateExamination) -> _Findings:
    known = {f"contact.{name}" for name in context.store.contacts.fields()} | _BUILT_IN
    for path in compiled.fields:
        if not path.startswith("contact."):
            continue
        if path not in known:
            yield Level.SERIOUS, f"no contact has a field {path}: known are {', '.join(sorted(known))}"
            continue
        name = path.removeprefix("contact.")
        empty = sum(1 for one in context.people if not _value(one, name))
        if empty:
            yield Level.WARNING, f"{path} is empty for {empty:,} of {len(context.people):,}; {_becomes(context, path)}"


def _value(one: Recipient, name: str) -> object:
    if name == "email":
        return one.contact.address
    return one.contact.name if name == "name" else one.contact.fields.get(name)


def _becomes(context: Context, path: str) -> str:
    options = context.campaign.options
    if options.missing == "fail":
        return "they get no copy unless the template gives a default"
    if options.missing == "default" and path in options.defaults:
        return f"they read {options.defaults[path]!r}"
    return f"write {{{{ {path}|default('...') }}}} to set a replacement"


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.without: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "img" and "alt" not in named:
            self.without.append(named.get("src") or "without a source")


def _images(_context: Context, variant: Variant, _compiled: TemplateExamination) -> _Findings:
    images = _Images()
    images.feed(variant.html)
    if images.without:
        first = ", ".join(images.without[:3])
        count = "1 image has" if len(images.without) == 1 else f"{len(images.without)} images have"
        text = f'{count} no alt text (alt="" for decoration): {first}'
        yield Level.WARNING, text


def _rendered(context: Context, variant: Variant, _compiled: TemplateExamination) -> _Findings:
    contact = context.people[0].contact if context.people else None
    try:
        seen = preview_copy(context.contents, context.campaign, variant, contact)
    except (MissingFieldError, TemplateError) as error:
        yield Level.WARNING, f"for {contact.address if contact else 'an empty contact'}: {error}"
        return
    tracked = seen.html_size + 150 * len(_compiled.links)
    if tracked > CLIPPED:
        text = (
            f"the HTML has about {tracked // 1000} kB with its tracked links; Gmail shows {CLIPPED // 1000} and clips"
        )
        yield Level.WARNING, text
