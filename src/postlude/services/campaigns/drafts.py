"""Making and changing drafts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from postlude.kit.clock import Clock
from postlude.kit.ids import id_text, new_id, parse_id
from postlude.kit.time_zones import zone
from postlude.mail.mailboxes import read_mailboxes
from postlude.model.address import AddressError
from postlude.model.errors import InputError, NotFoundError
from postlude.services.campaigns.files import copy_file
from postlude.store import Store, User
from postlude.store.campaigns.rows import Campaign, CampaignOptions, Variant
from postlude.store.contacts.rows import Audience

MAX_VARIANTS: Final = 5
_NAMES: Final = "ABCDE"
_HUNDRED: Final = 100
_HALF: Final = 50
_MOST_CERTAIN: Final = 99
_SENDER: Final = "the sender"
_LEAST_PREFIX: Final = 4


class VariantContent(msgspec.Struct, frozen=True, kw_only=True):
    """Content of a variant; None leaves a part unchanged."""

    subject: str | None = None
    preheader: str | None = None
    html: str | None = None
    mjml: str | None = None
    text: str | None = None


def create_campaign(store: Store, clock: Clock, user: User, name: str, sender: str = "") -> Campaign:
    """A new, empty draft with one variant."""
    made = Campaign(
        id=new_id(),
        user=user.id,
        name=name.strip() or "Untitled",
        sender=sender or (f"{user.name} <{user.address}>" if user.name else user.address),
        created_at=clock.now(),
    )
    store.campaigns.add(made, [Variant(campaign=made.id, message=new_id())])
    return made


def change_campaign(  # noqa: PLR0917 - plain data
    store: Store,
    campaign: int,
    details: Mapping[str, str],
    contents: Mapping[str, VariantContent],
    audience: Audience | None = None,
    options: CampaignOptions | None = None,
) -> Campaign:
    """Change a draft: `details` are name, sender and reply_to; `contents` by variant, new ones are added.

    InputError for content that cannot be sent, or when the campaign is no longer a draft.
    """
    found = store.campaigns.get(campaign)
    variants = {variant.name: variant for variant in store.campaigns.variants(campaign)}
    for name, content in contents.items():
        variants[name] = _with(variants, campaign, name, content)
    if len(variants) > 1:
        _fill_up(variants)
    changed = msgspec.structs.replace(
        found,
        **dict(details),
        audience=found.audience if audience is None else audience,
        options=found.options if options is None else options,
    )
    check_draft(changed)
    store.campaigns.change(changed, [variants[name] for name in sorted(variants)])
    return store.campaigns.get(campaign)


def remove_variant(store: Store, campaign: int, name: str) -> None:
    """Drop one of several variants of a draft."""
    variants = [variant for variant in store.campaigns.variants(campaign) if variant.name != name.upper()]
    if not variants:
        raise InputError("a campaign has at least one variant")
    store.campaigns.change(store.campaigns.get(campaign), variants)


def copy_campaign(store: Store, folder: Path, clock: Clock, campaign: int, name: str = "") -> Campaign:
    """A new draft with the content, files, audience and options of another campaign; hosted files are in `folder`."""
    found, now = store.campaigns.get(campaign), clock.now()
    made = Campaign(
        id=new_id(),
        user=found.user,
        name=name.strip() or f"{found.name} (copy)",
        sender=found.sender,
        reply_to=found.reply_to,
        audience=found.audience,
        options=msgspec.structs.replace(found.options, follows=None),
        created_at=now,
    )
    variants = [
        msgspec.structs.replace(variant, campaign=made.id, message=new_id())
        for variant in store.campaigns.variants(campaign)
    ]
    store.campaigns.add(made, variants)
    for file in store.campaigns.files(campaign):
        copy_file(store, folder, file, made.id)
    return made


def find_campaign(store: Store, text: str) -> Campaign:
    """A campaign by its id, the beginning of its id, or its name; NotFoundError, InputError when several fit."""
    wanted = text.strip()
    number = parse_id(wanted)
    if number is not None:
        return store.campaigns.get(number)
    every = store.campaigns.latest()
    named = [one for one in every if one.name.lower() == wanted.lower()]
    if not named and len(wanted) >= _LEAST_PREFIX:
        named = [one for one in every if id_text(one.id).startswith(wanted.lower())]
    if len(named) > 1:
        ids = ", ".join(id_text(one.id) for one in named[:5])
        raise InputError(f"{len(named)} campaigns are called {text!r}; name one by its id: {ids}")
    if not named:
        raise NotFoundError(f"no campaign is called {text!r}; `postlude campaigns list` shows them")
    return named[0]


def _check_mailboxes(field: str, value: str) -> None:
    try:
        found = read_mailboxes(value)
    except AddressError as error:
        raise InputError(f"{field} {value!r}: {error.reason}; {error.remedy}") from error
    if field == _SENDER and len(found) > 1:
        raise InputError(f"{field} {value!r} has more than one address; write one, Name <name@example.org>")


def check_draft(campaign: Campaign) -> None:
    """InputError for a sender, option or time zone that cannot be."""
    options = campaign.options
    for field, value in ((_SENDER, campaign.sender), ("the reply address", campaign.reply_to)):
        if value:
            _check_mailboxes(field, value)
    if not 0 <= options.test_percent <= _HUNDRED:
        raise InputError(f"a test takes 0 to 100 percent of the audience, not {options.test_percent}")
    if options.winner_recipients < 1 or not _HALF <= options.winner_percent <= _MOST_CERTAIN:
        raise InputError("a winner needs at least 1 recipient of each variant, and a probability of 50 to 99 percent")
    if options.test_hours < 0 or options.per_hour < 0:
        raise InputError("hours and copies an hour cannot be negative")
    if options.missing not in {"empty", "default", "fail"}:
        raise InputError(f"empty fields can be `empty`, `default` or `fail`, not {options.missing!r}")
    try:
        zone(options.time_zone)
    except ValueError as error:
        raise InputError(str(error)) from error


def _with(variants: Mapping[str, Variant], campaign: int, name: str, content: VariantContent) -> Variant:
    if name not in _NAMES[:MAX_VARIANTS]:
        raise InputError(f"variants are called {', '.join(_NAMES)}, not {name!r}")
    before = variants.get(name) or Variant(campaign=campaign, name=name, message=new_id())
    given = {field: value for field, value in msgspec.structs.asdict(content).items() if value is not None}
    return msgspec.structs.replace(before, **given)


def _fill_up(variants: dict[str, Variant]) -> None:
    """Variant B inherits from A what it does not set."""
    first = variants[min(variants)]
    for name, variant in variants.items():
        if not variant.html.strip() and not variant.text.strip():
            variants[name] = msgspec.structs.replace(variant, html=first.html, mjml=first.mjml, text=first.text)
        variants[name] = msgspec.structs.replace(
            variants[name],
            subject=variants[name].subject or first.subject,
            preheader=variants[name].preheader or first.preheader,
        )
