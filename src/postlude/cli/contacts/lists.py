"""`postlude lists`: what contacts subscribe to."""

from typing import Any, cast

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.kit.ids import id_text
from postlude.services.contacts.by_name import list_ids
from postlude.services.contacts.lists import ListDetails, add_list, change_list, delete_list
from postlude.store.contacts.rows import ListTotals, MailingList

_DESCRIPTION = click.option("--description", default=None, help="One sentence; shown on the preferences page.")
_DOUBLE = click.option(
    "--double-optin/--single-optin", default=None, help="Whether new members confirm by mail first. Default: they do."
)
_PUBLIC = click.option(
    "--public/--private", default=None, help="Whether recipients may join and leave on their preferences page."
)
_TEXT = click.option("--consent-text", default=None, help="What a member agrees to when confirming; stored as proof.")
_SENDER = click.option("--sender", default=None, help="From of the confirmation mail. Default: the first user's.")


@click.group()
def command() -> None:
    """Create, change and delete lists. `postlude contacts subscribe` and `import` add members."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_lists(as_json: bool) -> None:
    """List all lists with the number of their members."""
    with open_store_of(load()) as store:
        found, totals = store.lists.every(), store.lists.totals()
    if as_json:
        print_json([_as_json(one, totals.get(one.id, ListTotals())) for one in found])
    elif not found:
        click.echo("no lists yet: `postlude lists add NAME`")
    else:
        print_table([_row(one, totals.get(one.id, ListTotals())) for one in found])


@command.command()
@click.argument("name")
@_DESCRIPTION
@_DOUBLE
@_PUBLIC
@_TEXT
@_SENDER
def add(name: str, **values: Any) -> None:  # noqa: ANN401 - one an option
    """Create the list NAME."""
    with open_store_of(load()) as store:
        made = add_list(store, SystemClock(), name, _given(values))
    click.echo(f"made {made.name!r}: {_how(made)}")


@command.command()
@click.argument("name")
@click.option("--name", "new", default=None, help="The new name.")
@_DESCRIPTION
@_DOUBLE
@_PUBLIC
@_TEXT
@_SENDER
def edit(name: str, new: str | None, **values: Any) -> None:  # noqa: ANN401 - one an option
    """Change the list NAME."""
    with open_store_of(load()) as store:
        [list_id] = list_ids(store, [name])
        changed = change_list(store, list_id, _given({**values, "name": new}))
    click.echo(f"{changed.name!r}: {_how(changed)}")


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete the list NAME with its memberships. The contacts stay; those who had left it are still not mailed."""
    with open_store_of(load()) as store:
        [list_id] = list_ids(store, [name])
        if not yes:
            totals = store.lists.totals().get(list_id, ListTotals())
            click.confirm(f"Delete {name!r} with {totals.subscribed:,} members?", abort=True)
        delete_list(store, list_id)
    click.echo(f"deleted {name!r}")


def _given(values: dict[str, Any]) -> ListDetails:
    return cast("ListDetails", {name: value for name, value in values.items() if value is not None})


def _how(one: MailingList) -> str:
    confirm = "new members confirm by mail" if one.double_optin else "new members do not confirm"
    return f"{confirm}, {'public' if one.public else 'private'}"


def _row(one: MailingList, totals: ListTotals) -> list[str]:
    counted = [f"{totals.subscribed:,} subscribed"]
    counted += [f"{totals.pending:,} pending"] if totals.pending else []
    counted += [f"{totals.unsubscribed:,} unsubscribed"] if totals.unsubscribed else []
    return [one.name, ", ".join(counted), _how(one)]


def _as_json(one: MailingList, totals: ListTotals) -> dict[str, Any]:
    return {
        "id": id_text(one.id),
        "name": one.name,
        "description": one.description,
        "double_optin": one.double_optin,
        "public": one.public,
        "consent_text": one.consent_text,
        "sender": one.sender,
        "subscribed": totals.subscribed,
        "pending": totals.pending,
        "unsubscribed": totals.unsubscribed,
        "created_at": to_iso(one.created_at),
    }
