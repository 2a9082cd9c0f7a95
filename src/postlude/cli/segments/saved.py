"""`postlude segments`: expressions that are kept under a name."""

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.kit.ids import id_text
from postlude.model.errors import InputError
from postlude.segments import render
from postlude.services.segments.names import segment_called, with_names
from postlude.services.segments.saved import (
    change_segment,
    delete_segment,
    freeze_segment,
    save_segment,
    select_contacts,
    thaw_segment,
)
from postlude.store import Store
from postlude.store.segments.rows import Segment

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Keep expressions under names, for audiences and for one another. `postlude segment --help` tells the language."""


@command.command("list")
@_JSON
def list_segments(as_json: bool) -> None:
    """List all saved segments."""
    with open_store_of(load()) as store:
        found = [(one, render(with_names(store, one.expression))) for one in store.segments.every()]
    if as_json:
        print_json([_as_json(one, text) for one, text in found])
    elif not found:
        click.echo("no segments yet: `postlude segments save NAME EXPRESSION`")
    else:
        print_table([[one.name, "frozen" if one.frozen else "live", text] for one, text in found])


@command.command()
@click.argument("name")
@_JSON
def show(name: str, as_json: bool) -> None:
    """Explain and count the segment NAME."""
    with open_store_of(load()) as store:
        saved = segment_called(store, name)
        chosen = select_contacts(store, SystemClock(), saved.asked)
        text = render(with_names(store, saved.expression))
    if as_json:
        print_json(_as_json(saved, text) | {"contacts": chosen.contacts, "mailable": chosen.mailable})
        return
    frozen = f", as on {to_iso(saved.updated_at)[:10]}" if saved.frozen else ""
    click.echo(f"{text}\n{chosen.contacts:,} contacts{frozen}, of whom {chosen.mailable:,} may be mailed")


@command.command()
@click.argument("name")
@click.argument("expression")
def save(name: str, expression: str) -> None:
    """Save EXPRESSION as the segment NAME."""
    with open_store_of(load()) as store:
        made = save_segment(store, SystemClock(), name, expression)
        _tell(store, made)


@command.command()
@click.argument("name")
@click.argument("expression", required=False)
@click.option("--name", "new", help="The new name.")
def change(name: str, expression: str | None, new: str | None) -> None:
    """Give the segment NAME another EXPRESSION or name."""
    if expression is None and new is None:
        raise InputError("nothing to change: write another expression or --name")
    with open_store_of(load()) as store:
        saved = segment_called(store, name)
        _tell(store, change_segment(store, SystemClock(), saved.id, name=new, text=expression))


@command.command()
@click.argument("name")
@click.option("--thaw", is_flag=True, help="Choose anew each time again.")
def freeze(name: str, thaw: bool) -> None:
    """Keep who is in the segment NAME now, whatever they do later."""
    with open_store_of(load()) as store:
        saved = segment_called(store, name)
        if thaw:
            thaw_segment(store, SystemClock(), saved.id)
            click.echo(f"{saved.name!r} is live again")
        else:
            click.echo(f"{saved.name!r} is frozen: {freeze_segment(store, SystemClock(), saved.id):,} contacts")


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete the segment NAME. Its contacts stay."""
    with open_store_of(load()) as store:
        saved = segment_called(store, name)
        if not yes:
            click.confirm(f"Delete the segment {saved.name!r}?", abort=True)
        delete_segment(store, saved.id)
    click.echo(f"deleted {saved.name!r}")


def _tell(store: Store, saved: Segment) -> None:
    chosen = select_contacts(store, SystemClock(), saved.expression)
    click.echo(f"{saved.name!r}: {chosen.words}: {chosen.contacts:,}, of whom {chosen.mailable:,} may be mailed")


def _as_json(saved: Segment, text: str) -> dict[str, object]:
    return {
        "id": id_text(saved.id),
        "name": saved.name,
        "expression": text,
        "frozen": saved.frozen,
        "updated_at": to_iso(saved.updated_at),
    }
