"""A campaign's content as it is sent: each variant compiled for the tracking its recipients allow."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from postlude.compose import Attachment, CampaignTemplate, CompiledCampaign, Fields, Missing, compile_campaign
from postlude.instrument import Policy
from postlude.mail.content_look import attachment_family, look_at_parts
from postlude.model.words import MessagePurpose, Via
from postlude.services.campaigns import bounded_compose
from postlude.services.campaigns.bounded_compose import MessageUrls, Sample, TemplateExamination
from postlude.services.campaigns.files import with_hosted
from postlude.services.campaigns.markup import html_as_sent, text_as_sent
from postlude.services.campaigns.sender import campaign_owner, campaign_sender
from postlude.services.ports import PolicyOf
from postlude.store import Link, Message, MessageContent, Store, Submission
from postlude.store.campaigns.rows import Campaign, CampaignFile, Variant
from postlude.store.contacts.rows import Contact
from postlude.tokens import Kind, Prefixes, TokenCodec, Urls

CompileKey = tuple[int, bool, bool]


class Contents:
    """Compiles variants and caches the result. Thread-safe."""

    def __init__(  # noqa: PLR0917 - a constructor of plain parts
        self,
        store: Store,
        codec: TokenCodec,
        base: str,
        prefixes: Prefixes,
        policy_of: PolicyOf,
        views: Path | None = None,
    ) -> None:
        self.views: Final = views
        """Folder of the view-in-browser pages; None: there are none."""
        self._store: Final = store
        self._codec: Final = codec
        self._base: Final = base
        self._prefixes: Final = prefixes
        self._policy_of: Final = policy_of
        self._lock: Final = threading.Lock()
        self._compiled: Final[dict[CompileKey, CompiledCampaign]] = {}

    def urls(self, message: int) -> Urls:
        """The public URLs of a variant."""
        return Urls(self._codec, self._base, Kind.CAMPAIGN, message, self._prefixes)

    def link_head(self, variant: Variant) -> str:
        """What the address of each of its tracked links begins with, before the token."""
        return self.urls(variant.message).link(0, self._base).head

    def check_owner(self, campaign: Campaign) -> None:
        """InputError unless its user may send it now."""
        campaign_owner(self._store, campaign)

    def policy(self, campaign: Campaign, *, opens: bool = True, clicks: bool = True) -> Policy:
        """What is tracked: what the campaign wants and `opens` and `clicks` let it."""
        wanted, options = self._policy_of(campaign.user), campaign.options
        return Policy(
            opens=options.opens and opens,
            clicks=options.clicks and clicks,
            exclude=wanted.exclude,
            utm=options.utm,
            headers=False,
        )

    def examine(self, campaign: Campaign, variant: Variant, policy: Policy) -> TemplateExamination:
        """Compile a variant, bounded in time and memory. TemplateError names what to correct."""
        return bounded_compose.examine_template(self.template(campaign, variant), policy, self._place(variant))

    def sample(self, campaign: Campaign, variant: Variant, policy: Policy, fields: Fields) -> Sample:
        """One copy with nothing live in it; MissingFieldError and TemplateError. Bounded in time and memory."""
        return bounded_compose.sample(self.template(campaign, variant), policy, self._place(variant), fields)

    def _place(self, variant: Variant) -> MessageUrls:
        return MessageUrls(variant.message, self._base, self._prefixes)

    def compiled(self, campaign: Campaign, message: int, *, opens: bool, clicks: bool) -> CompiledCampaign:
        """A variant of a campaign whose content is fixed, compiled once."""
        key = (message, opens, clicks)
        with self._lock:
            found = self._compiled.get(key)
            if found is None:
                variant = next(one for one in self._store.campaigns.variants(campaign.id) if one.message == message)
                policy = self.policy(campaign, opens=opens, clicks=clicks)
                template, urls = self.template(campaign, variant), self.urls(message)
                found = self._compiled[key] = compile_campaign(template, policy, urls)
        return found

    def forget(self, messages: Iterable[int]) -> None:
        """Let go of what was compiled for these variants."""
        gone = set(messages)
        with self._lock:
            for key in [key for key in self._compiled if key[0] in gone]:
                del self._compiled[key]

    def template(self, campaign: Campaign, variant: Variant) -> CampaignTemplate:
        """A variant as `compose` takes it."""
        options, files = campaign.options, self._store.campaigns.files(campaign.id)
        html = with_hosted(html_as_sent(variant), files, self._base, self._prefixes.file)
        text = with_hosted(text_as_sent(variant, html), files, self._base, self._prefixes.file)
        return CampaignTemplate(
            sender=campaign.sender,
            reply_to=campaign.reply_to,
            subject=variant.subject,
            preheader=variant.preheader,
            html=html,
            text=text,
            attachments=tuple(self._attachments(files)),
            missing=Missing(options.missing),
            defaults=options.defaults,
        )

    def _attachments(self, files: Iterable[CampaignFile]) -> Iterable[Attachment]:
        for file in files:
            if not file.hosted:
                content = self._store.campaigns.file_content(file.id)
                yield _attachment(file, content)


def _attachment(file: CampaignFile, content: bytes) -> Attachment:
    return Attachment(filename=file.name, content=content, content_type=file.content_type, content_id=file.content_id)


def message_rows(
    campaign: Campaign, variant: Variant, compiled: TemplateExamination, files: Sequence[CampaignFile], now: int
) -> Submission:
    """What a variant is in the state: its message, links, content and topics; its copies come with its audience."""
    address = campaign_sender(campaign)
    message = Message(
        id=variant.message,
        user=campaign.user,
        message_id="",
        subject=variant.subject,
        sender=address,
        mail_from=address,
        via=Via.CAMPAIGN,
        created_at=now,
        size=len(variant.html) + len(variant.text),
        opens=compiled.opens,
        clicks=any(link.tracked for link in compiled.links),
        purpose=MessagePurpose.MAILING,
    )
    links = {link.position: link for link in reversed(compiled.links)}
    rows = [
        Link(variant.message, link.position, link.url, link.label, link.tracked, str(link.reason))
        for link in links.values()
    ]
    return Submission(
        message, tuple(rows[::-1]), (), look_at_variant(variant, compiled, files), campaign.options.topics
    )


def look_at_variant(variant: Variant, compiled: TemplateExamination, files: Iterable[CampaignFile]) -> MessageContent:
    """What is found by looking at a variant; it is personalised where it shows a field of its recipient."""
    html = html_as_sent(variant)
    families = [attachment_family(file.content_type) for file in files]
    named = any(field.startswith("contact.") and field != "contact.email" for field in compiled.fields)
    look = look_at_parts(variant.subject, html, text_as_sent(variant, html), families, personalised=named)
    return MessageContent(**look._asdict())


SAMPLE: Final = Contact(id=0, address="name@example.org", spelled="name@example.org", name="Name")
"""Replacement for previews while the audience is empty."""


def fields_of(campaign: Campaign, address: str, name: str, fields: Mapping[str, object]) -> Fields:
    """What a template sees of one contact."""
    contact: dict[str, object] = {"email": address, "name": name, **fields}
    return {"contact": contact, "campaign": {"name": campaign.name, "id": f"{campaign.id:016x}"}}
