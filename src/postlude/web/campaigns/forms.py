"""A campaign's editor as a form: what is on the page, and what it becomes."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from starlette.datastructures import FormData

from postlude.analytics.best_variant import LEAST_PROBABILITY, LEAST_RECIPIENTS
from postlude.instrument import utm_parameters
from postlude.kit.ids import parse_id
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import WinnerRule
from postlude.segments import render
from postlude.services.campaigns.drafts import VariantContent
from postlude.services.campaigns.markup import html_of_mjml
from postlude.services.reports.topics import read_topics
from postlude.services.segments.names import read_segment, with_names
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign, CampaignOptions, Variant
from postlude.store.contacts.rows import Audience

_WRONG_NUMBER: Final = "{} is a number, not {!r}"


class CampaignForm(NamedTuple):
    """The editor's form."""

    details: dict[str, str]
    """name, sender and reply_to."""
    contents: dict[str, VariantContent]
    """By variant."""
    audience: Audience
    segment: str
    """The audience's expression as it is written."""
    options: CampaignOptions

    @property
    def utm(self) -> str:
        """The query parameters as they are written."""
        return "&".join(f"{name}={value}" for name, value in self.options.utm)

    @property
    def topics(self) -> str:
        """What it is about, as it is written."""
        return ", ".join(self.options.topics)

    @property
    def defaults(self) -> str:
        """Defaults for empty fields, one per line."""
        return "\n".join(f"{name.removeprefix('contact.')}={value}" for name, value in self.options.defaults.items())


def draft_of(store: Store, campaign: Campaign, variants: Sequence[Variant]) -> CampaignForm:
    """A stored campaign in the editor."""
    details = {"name": campaign.name, "sender": campaign.sender, "reply_to": campaign.reply_to}
    contents = {
        one.name: VariantContent(
            subject=one.subject, preheader=one.preheader, html=one.html, mjml=one.mjml or None, text=one.text
        )
        for one in variants
    }
    segment = campaign.audience.segment
    text = "" if segment is None else render(with_names(store, segment))
    return CampaignForm(details, contents, campaign.audience, text, campaign.options)


def read_draft(store: Store, form: FormData, campaign: Campaign) -> tuple[CampaignForm, str]:
    """The input, and the error in it (empty: none); the part with the error keeps its stored value.

    MJML becomes HTML by `complete`.
    """
    details = {name: _text(form, name).strip() for name in ("name", "sender", "reply_to")}
    contents = {name: _content(form, name) for name in _texts(form, "variant")}
    audience, options, problems = campaign.audience, campaign.options, []
    try:
        audience = _audience(store, form, campaign)
    except (InputError, NotFoundError) as error:
        problems.append(str(error))
    try:
        options = _options(form, campaign)
    except InputError as error:
        problems.append(str(error))
    return CampaignForm(details, contents, audience, _text(form, "segment").strip(), options), "; ".join(problems)


def complete(contents: Mapping[str, VariantContent]) -> dict[str, VariantContent]:
    """The contents with HTML, made from MJML if given. InputError: the MJML is not valid."""
    return {
        name: msgspec.structs.replace(one, html=html_of_mjml(one.mjml)) if one.mjml else one
        for name, one in contents.items()
    }


def with_content(
    draft: CampaignForm, campaign: Campaign, variants: Sequence[Variant]
) -> tuple[Campaign, list[Variant]]:
    """The campaign as it would be if `draft` were saved, for a preview of what is typed."""
    changed = msgspec.structs.replace(campaign, **draft.details, audience=draft.audience, options=draft.options)
    known = {one.name: one for one in variants}
    typed = [
        msgspec.structs.replace(
            known.get(name) or Variant(campaign=campaign.id, name=name),
            **{field: value for field, value in msgspec.structs.asdict(content).items() if value is not None},
        )
        for name, content in complete(draft.contents).items()
    ]
    return changed, typed


def _content(form: FormData, name: str) -> VariantContent:
    source, mjml = _text(form, f"{name}_source"), _text(form, f"{name}_format") == "mjml"
    return VariantContent(
        subject=_text(form, f"{name}_subject").strip(),
        preheader=_text(form, f"{name}_preheader").strip(),
        html=None if mjml else source,
        mjml=source if mjml else "",
        text=_text(form, f"{name}_text"),
    )


def _audience(store: Store, form: FormData, campaign: Campaign) -> Audience:
    """The parts that the form contains; chosen contacts stay unchanged."""
    before, segment = campaign.audience, _text(form, "segment").strip()
    return msgspec.structs.replace(
        before,
        everyone=bool(form.get("everyone")),
        lists=_ids(form, "list"),
        tags=_ids(form, "tag"),
        without_lists=_ids(form, "without_list"),
        without_tags=_ids(form, "without_tag"),
        consented=bool(form.get("consented")),
        segment=read_segment(store, segment) if segment else None,
    )


def _options(form: FormData, campaign: Campaign) -> CampaignOptions:
    return msgspec.structs.replace(
        campaign.options,
        opens=bool(form.get("opens")),
        clicks=bool(form.get("clicks")),
        utm=utm_parameters(_text(form, "utm").strip(), campaign=_text(form, "name").strip()),
        missing=_text(form, "missing") or "empty",
        defaults={f"contact.{name}": value for name, value in _pairs(form, "defaults")},
        per_hour=_number(form, "per_hour", "Copies an hour"),
        local_time=bool(form.get("local_time")),
        time_zone=_text(form, "time_zone").strip() or "UTC",
        test_percent=_number(form, "test_percent", "The share that tests"),
        test_hours=_number(form, "test_hours", "The length of the test", 4),
        rule=_rule(_text(form, "rule")),
        winner_recipients=_number(form, "winner_recipients", "The recipients a winner needs", LEAST_RECIPIENTS),
        topics=read_topics(_text(form, "topics")),
        winner_percent=_number(form, "winner_percent", "The probability of a winner", round(100 * LEAST_PROBABILITY)),
    )


def _rule(text: str) -> WinnerRule:
    return WinnerRule(text) if text in set(WinnerRule) else WinnerRule.OPENED


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    # Browsers send textareas with CR LF.
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str)]


def _ids(form: FormData, name: str) -> tuple[int, ...]:
    found = (parse_id(text) for text in _texts(form, name))
    return tuple(one for one in found if one is not None)


def _pairs(form: FormData, name: str) -> list[tuple[str, str]]:
    pairs = []
    for line in _text(form, name).splitlines():
        if line.strip():
            key, equals, value = line.partition("=")
            if not equals or not key.strip():
                raise InputError(f"{line.strip()!r}: write one NAME=VALUE per line")
            pairs.append((key.strip(), value.strip()))
    return pairs


def _number(form: FormData, name: str, what: str, default: int = 0) -> int:
    text = _text(form, name).strip().replace(",", "")
    if not text:
        return default
    try:
        return int(text)
    except ValueError as error:
        raise InputError(_WRONG_NUMBER.format(what, text)) from error
