"""`postlude contacts`: people, one at a time and as files. Importing lives in `contacts_import`."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from postlude.app.build.common import build_parts
from postlude.app.commands.stores import accept_message, open_store_of
from postlude.cli.contacts import imports
from postlude.cli.operator import who
from postlude.cli.output import csv_file, print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.kit.ids import id_text, parse_id
from postlude.model.address import shown
from postlude.model.contact_fields import CONTACT_FIELDS, FIELD_NAMES
from postlude.model.errors import InputError
from postlude.model.words import Consent, EngagementState, MemberStatus, Purpose, Via
from postlude.services.contacts import contacts as service
from postlude.services.contacts.by_name import contact_called, list_ids, tag_id
from postlude.services.contacts.engagement import (
    engagement_json,
    engagement_parts,
    engagement_words,
    export_state,
    state_sentence,
)
from postlude.services.contacts.membership import leave_everything, leave_lists
from postlude.services.contacts.subscriptions import subscribe as ask_to_subscribe
from postlude.services.contacts.subscriptions import subscribe_agreed
from postlude.services.messages.accept import NewMessage
from postlude.store import Store
from postlude.store.contacts.engagement import ContactScore
from postlude.store.contacts.rows import Contact
from postlude.tokens import confirm_url

_Command = TypeVar("_Command", bound=Callable[..., Any])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_FIELD = click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="A custom field; may be repeated.")
_TAG = click.option("--tag", "tags", multiple=True, help="Tag it; may be repeated.")
_CONSENT = click.Choice([Consent.GIVEN.value, Consent.WITHDRAWN.value])


def _own_fields(more_help: str) -> Callable[[_Command], _Command]:
    """Add an option for each of CONTACT_FIELDS."""

    def decorate(command: _Command) -> _Command:
        for field in reversed(CONTACT_FIELDS):
            name = "--" + field.name.replace("_", "-")
            command = click.option(name, field.name, default=None, help=field.help + more_help)(command)
        return command

    return decorate


@click.group()
def command() -> None:
    """Add, find, change, import and export contacts. Works whether or not Postlude runs."""


command.add_command(imports.import_file)
command.add_command(imports.imports)


@command.command("list")
@click.argument("search", default="")
@click.option("--list", "list_name", default="", help="Only members of this list, whatever their status.")
@click.option("--tag", default="", help="Only contacts with this tag.")
@click.option(
    "--state", type=click.Choice([one.value for one in EngagementState]), help="Only these, the highest score first."
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Newest contacts shown.")
@click.option("--before", default="", metavar="ID", help="Only contacts older than this one: the next page.")
@_JSON
def list_contacts(  # noqa: PLR0917 - one parameter an option
    search: str, list_name: str, tag: str, state: str | None, limit: int, before: str, as_json: bool
) -> None:
    """List contacts whose address or name contains SEARCH, the newest first."""
    last = parse_id(before) if before else 0
    if last is None:
        raise InputError(f"{before!r} is not the id of a contact: take the last id of the page before")
    if state and (search or list_name or tag):
        raise InputError(f"--state stands alone: for more ask `postlude segment \"state('{state}') and ...\"`")
    with open_store_of(load()) as store:
        if state:
            found = store.engagement.page(EngagementState(state), before=last, limit=limit)
            page, total = [one.contact for one in found], store.engagement.counts()[EngagementState(state)]
        else:
            chosen = _chosen(store, list_name, tag)
            page = store.contacts.page(search, **chosen, before=last, limit=limit)
            total = store.contacts.count(search, **chosen)
        tags = store.contacts.tags_of(one.id for one in page)
        engaged = store.engagement.of_contacts(one.id for one in page)
    if as_json:
        print_json({"total": total, "contacts": [_brief(one, tags.get(one.id, []), engaged[one.id]) for one in page]})
        return
    print_table([[shown(one.spelled), one.name, ", ".join(tags.get(one.id, []))] for one in page])
    if total > len(page):
        click.echo(f"{len(page)} of {total:,}; the next page: --before {id_text(page[-1].id)}" if page else "no more")
    elif not page:
        click.echo("no contacts" + (" fit" if search or list_name or tag else " yet: `postlude contacts import FILE`"))


@command.command()
@_JSON
def engagement(as_json: bool) -> None:
    """How many contacts are hot, active, inactive and so on; `contacts list --state hot` says who."""
    with open_store_of(load()) as store:
        counts = store.engagement.counts()
    if as_json:
        print_json({state.value: count for state, count in counts.items()})
        return
    print_table([[f"{count:,}", state_sentence(state)] for state, count in counts.items()])


@command.command()
@click.argument("address")
@_JSON
def show(address: str, as_json: bool) -> None:
    """Show everything that is stored about ADDRESS: fields, lists, consent with its proofs, suppression, engagement."""
    with open_store_of(load()) as store:
        contact = contact_called(store, address)
        told = service.contact_json(store, contact)
        found = store.engagement.of_address(contact.address, SystemClock().now())
    if as_json:
        print_json(told | {"engagement": engagement_json(found)})
    else:
        _tell(told)
        score = "" if found.score is None else f" (score {found.score} of 100)"
        click.echo(f"{engagement_words(found)}{score}")
        if parts := engagement_parts(found):
            click.echo(parts)


@command.command()
@click.argument("address")
@_own_fields("")
@_FIELD
@_TAG
@_JSON
def add(
    address: str,
    fields: tuple[str, ...],
    tags: tuple[str, ...],
    as_json: bool,
    **own: Any,  # noqa: ANN401 - values of CONTACT_FIELDS by name
) -> None:
    """Add ADDRESS as a contact. It is on no list yet: see `postlude contacts subscribe`."""
    with open_store_of(load()) as store:
        values = _fields(fields)
        made = service.add_contact(store, SystemClock(), address, fields=values, **own)
        service.set_tags(store, made, tags)
        told = service.contact_json(store, made)
    if as_json:
        print_json(told)
    else:
        click.echo(f"added {shown(made.spelled)}")


@command.command()
@click.argument("address")
@click.option("--address", "new", default="", help="The new address.")
@_own_fields(" Empty: remove it.")
@_FIELD
@_TAG
@click.option("--untag", multiple=True, help="Remove a tag; may be repeated.")
@_JSON
def edit(  # noqa: PLR0917 - one parameter an option
    address: str,
    new: str,
    fields: tuple[str, ...],
    tags: tuple[str, ...],
    untag: tuple[str, ...],
    as_json: bool,
    **own: Any,  # noqa: ANN401 - values of CONTACT_FIELDS by name
) -> None:
    """Change the contact with ADDRESS. A field without a value (--field city=) is removed."""
    with open_store_of(load()) as store:
        contact = contact_called(store, address)
        changed = service.edit_contact(store, SystemClock(), contact, address=new, fields=_fields(fields), **own)
        service.set_tags(store, changed, tags, untag)
        told = service.contact_json(store, changed)
    if as_json:
        print_json(told)
    else:
        click.echo(f"changed {shown(changed.spelled)}")


@command.command()
@click.argument("address")
@click.option("--mail", type=_CONSENT, help="To being mailed.")
@click.option("--opens", type=_CONSENT, help="To opens being recorded.")
@click.option("--clicks", type=_CONSENT, help="To clicks being recorded.")
@click.option("--source", default="", help="Where and when they said so; required for `given`.")
def consent(address: str, mail: str | None, opens: str | None, clicks: str | None, source: str) -> None:
    """Record what ADDRESS agreed to, or withdrew, outside of Postlude: on paper, by phone."""
    reported = {Purpose.MAIL: mail, Purpose.OPENS: opens, Purpose.CLICKS: clicks}
    states = {purpose: Consent(state) for purpose, state in reported.items() if state}
    if not states:
        raise InputError("give at least one of --mail, --opens and --clicks")
    with open_store_of(load()) as store:
        contact = contact_called(store, address)
        service.set_consent(store, SystemClock(), contact, states, source=source, by=who())
    click.echo("recorded: " + ", ".join(f"{purpose.value} {state.value}" for purpose, state in states.items()))


@command.command()
@click.argument("address")
@click.argument("lists", nargs=-1, required=True)
@click.option("--name", default="", help="The person's name, for a new contact.")
@click.option("--agreed", default="", help="Where and when they agreed elsewhere. No confirmation mail is sent.")
@_JSON
def subscribe(address: str, lists: tuple[str, ...], name: str, agreed: str, as_json: bool) -> None:
    """Subscribe ADDRESS to LISTS. A list with double opt-in sends a mail first; its link confirms the subscription."""
    settings, clock = load(), SystemClock()
    parts = build_parts(settings)
    url = partial(confirm_url, parts.codec, settings.public_edge, parts.prefixes)
    reported = {}
    with open_store_of(settings) as store:
        wanted = [store.lists.get(list_id) for list_id in list_ids(store, lists)]
        for one in wanted:
            if agreed:
                subscribe_agreed(store, clock, address, one, agreed, who(), name)
                reported[one.name] = MemberStatus.SUBSCRIBED.value
                continue
            asked = ask_to_subscribe(store, clock, address, one, url, name=name)
            reported[one.name] = asked.status.value
            if (confirmation := asked.confirmation) is not None:
                accept_message(
                    settings,
                    NewMessage(
                        user=confirmation.user,
                        via=Via.CLI,
                        mail_from=confirmation.mail_from,
                        recipients=[confirmation.recipient],
                        raw=confirmation.raw,
                    ),
                )
    if as_json:
        print_json({"address": address, "lists": reported})
        return
    for list_name, status in reported.items():
        waits = " until the link in the mail that goes out now is used" if status == "pending" else ""
        click.echo(f"{address}: {status} on {list_name}{waits}")


@command.command()
@click.argument("address")
@click.argument("lists", nargs=-1)
@click.option("--all", "from_all", is_flag=True, help="From all mailings; personal mail and receipts still leave.")
def unsubscribe(address: str, lists: tuple[str, ...], from_all: bool) -> None:
    """Unsubscribe ADDRESS from LISTS, or from everything, for example after a phone call."""
    if not lists and not from_all:
        raise InputError("name the lists, or give --all")
    with open_store_of(load()) as store:
        contact = contact_called(store, address)
        leave_lists(store, SystemClock(), contact, list_ids(store, lists), by=who())
        if from_all:
            leave_everything(store, SystemClock(), contact, by=who())
    click.echo(f"{shown(contact.spelled)} is " + ("off all mailings" if from_all else f"off {', '.join(lists)}"))


@command.command()
@click.argument("address")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(address: str, yes: bool) -> None:
    """Delete the contact with ADDRESS: fields, lists, tags, consent. A suppression stays, so that it is not mailed."""
    with open_store_of(load()) as store:
        contact = contact_called(store, address)
        if not yes:
            click.confirm(f"Forget {shown(contact.spelled)} and everything stored about it?", abort=True)
        service.erase_contact(store, SystemClock(), contact)
    click.echo(f"forgot {shown(contact.spelled)}")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option("--search", default="", help="Only contacts whose address or name contains this.")
@click.option("--list", "list_name", default="", help="Only members of this list.")
@click.option("--tag", default="", help="Only contacts with this tag.")
@click.option(
    "--state",
    type=click.Choice([one.value for one in EngagementState]),
    help="Only these, with score and counts instead.",
)
def export(file: Path, search: str, list_name: str, tag: str, state: str | None) -> None:
    """Write contacts as CSV to FILE (default: standard output), one column per custom field."""
    if state and (search or list_name or tag):
        raise InputError("--state stands alone")
    if state:
        with open_store_of(load()) as store, csv_file(file) as out:
            total = export_state(store, out, EngagementState(state))
        click.echo(f"{total:,} contacts", err=True)
        return
    with open_store_of(load()) as store, csv_file(file) as out:
        total = service.export_contacts(store, out, search=search, **_chosen(store, list_name, tag))
    click.echo(f"{total:,} contacts", err=True)


def _chosen(store: Store, list_name: str, tag: str) -> dict[str, int]:
    return {
        "list_id": list_ids(store, [list_name])[0] if list_name else 0,
        "tag": tag_id(store, tag) if tag else 0,
    }


def _fields(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--field {one}: write it as NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def _brief(contact: Contact, tags: list[str], engaged: ContactScore) -> dict[str, Any]:
    return {
        "id": id_text(contact.id),
        "address": contact.spelled,
        "name": contact.name,
        "fields": contact.fields,
        "tags": tags,
        "state": engaged.state.value,
        "score": engaged.score,
        "created_at": to_iso(contact.created_at),
    }


def _tell(told: dict[str, Any]) -> None:
    click.echo(click.style(shown(told["address"]), bold=True) + (f"  {told['name']}" if told["name"] else ""))
    if told["suppressed"]:
        click.echo(click.style(f"suppressed: {told['suppressed']}", fg="red"))
    if told["asks_to_leave"]:
        click.echo(click.style("asks in an answer to be taken off: `postlude feedback unmatched` decides", fg="red"))
    rows = [["since", f"{told['created_at'][:10]} ({told['source'] or 'unknown'})"]]
    rows += [[name, str(value)] for name, value in told["fields"].items()]
    rows += [[name.replace("_", " "), told[name]] for name in FIELD_NAMES if name != "name" and told[name]]
    rows += [["tags", ", ".join(told["tags"])]] if told["tags"] else []
    rows += [["list", f"{one['list']}: {one['status']}"] for one in told["lists"]]
    rows += [["consent", ", ".join(f"{purpose} {state}" for purpose, state in told["consent"].items())]]
    rows += [["", f"{one['at'][:19]} {one['purpose']} {one['state']}: {_why(one)}"] for one in told["proofs"]]
    print_table(rows)


def _why(proof: dict[str, Any]) -> str:
    return ", ".join(part for part in (proof["how"], proof["source"], proof["by"] and f"by {proof['by']}") if part)
