"""Options for the audience of a campaign."""

from collections.abc import Callable
from typing import Any, Final

import click
import msgspec

from postlude.model.errors import InputError
from postlude.segments import sentence
from postlude.segments.expression import Did, Expression, FieldIs, Not, Reference, all_of
from postlude.segments.moments import read_moment
from postlude.services.campaigns.drafts import find_campaign
from postlude.services.contacts.by_name import contact_called, list_ids, tag_id
from postlude.services.segments.names import read_segment, with_names
from postlude.store import Store
from postlude.store.contacts.rows import Audience

_MULTIPLE: Final = (
    ("list", "Subscribers of this list; repeated: of any of them."),
    ("tag", "Contacts with this tag; repeated: with any of them."),
    ("without-list", "Not subscribers of this list."),
    ("without-tag", "Not contacts with this tag."),
    ("field", "NAME=VALUE: contacts with this value; repeated: with all of them."),
    ("opened", "Recipients who opened, clicked or replied to this campaign. Machines do not count."),
    ("not-opened", "Recipients of this campaign who did not open it."),
    ("clicked", "Recipients who clicked in this campaign."),
    ("not-clicked", "Recipients of this campaign who did not click."),
    ("contact", "The contact with this address."),
)


def audience_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options; their values come as `audience_of` takes them."""
    for name, text in reversed(_MULTIPLE):
        command = click.option(f"--{name}", multiple=True, metavar=name.rpartition("-")[2].upper(), help=text)(command)
    command = click.option("--everyone", is_flag=True, help="All contacts that are not suppressed.")(command)
    command = click.option("--consented", is_flag=True, help="Only contacts with recorded consent to mail.")(command)
    command = click.option(
        "--segment", metavar="EXPRESSION", help="Only contacts it chooses: see `postlude segment --help`."
    )(command)
    return click.option(
        "--inactive-since",
        metavar="DATE",
        help="Contacts who have not opened, clicked or replied since, e.g. 2026-01-31.",
    )(command)


def audience_of(store: Store, given: dict[str, Any]) -> Audience | None:
    """The audience the options describe; removes them from `given`. None when there are none."""
    taken = {name: given.pop(name.replace("-", "_")) for name, _ in _MULTIPLE}
    everyone, consented = given.pop("everyone"), given.pop("consented")
    since, segment = given.pop("inactive_since"), given.pop("segment")
    parts = [_field(text) for text in taken["field"]]
    parts += [
        part
        for name in ("opened", "not-opened", "clicked", "not-clicked")
        for text in taken[name]
        for part in _did(store, name, text)
    ]
    if since is not None:
        parts.append(_inactive(since))
    if segment is not None:
        parts.append(read_segment(store, segment))
    if not (any(taken.values()) or everyone or consented or parts):
        return None
    return Audience(
        lists=list_ids(store, taken["list"]),
        tags=tuple(tag_id(store, name) for name in taken["tag"]),
        contacts=tuple(contact_called(store, address).id for address in taken["contact"]),
        everyone=everyone,
        without_lists=list_ids(store, taken["without-list"]),
        without_tags=tuple(tag_id(store, name) for name in taken["without-tag"]),
        consented=consented,
        segment=all_of(parts) if parts else None,
    )


def described(store: Store, audience: Audience) -> str:
    """The audience as a sentence."""
    lists = {one.id: one.name for one in store.lists.every()}
    tags = store.contacts.tag_names()
    parts = ["everyone"] if audience.everyone else []
    parts += [f"list {lists.get(one, '?')}" for one in audience.lists]
    parts += [f"tag {tags.get(one, '?')}" for one in audience.tags]
    parts += [f"{len(audience.contacts)} chosen contacts"] if audience.contacts else []
    parts += [f"not on list {lists.get(one, '?')}" for one in audience.without_lists]
    parts += [f"without tag {tags.get(one, '?')}" for one in audience.without_tags]
    parts += [sentence(with_names(store, audience.segment))] if audience.segment is not None else []
    parts += ["with consent"] if audience.consented else []
    return ", ".join(parts) or "empty"


def _did(store: Store, name: str, text: str) -> list[Expression]:
    campaign = Reference(id=find_campaign(store, text).id)
    did = Did("opened" if "opened" in name else "clicked", campaign=campaign)
    return [Did("sent", campaign=campaign), Not(did)] if name.startswith("not") else [did]


def _inactive(since: str) -> Expression:
    try:
        read_moment(since)
    except ValueError as error:
        raise InputError(f"--inactive-since {since!r}: write a date such as 2026-01-31") from error
    return Not(Did("opened", since=since))


def _field(text: str) -> Expression:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InputError(f"--field {text!r}: write NAME=VALUE")
    return FieldIs(name, "=", value, custom=True)


def as_json(audience: Audience) -> dict[str, Any]:
    """The audience as stored, without empty parts."""
    return {name: value for name, value in msgspec.to_builtins(audience).items() if value}
