"""`postlude link`: stop or replace a link of mail that was already sent."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from postlude.app.build.revocations import build_revoker
from postlude.app.commands.stores import open_store_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import InputError
from postlude.services.privacy.withdrawals import replace_link, restore_link, stop_link
from postlude.store import Store


@click.group()
def command() -> None:
    """Change the destination of a link in mail already sent. The edge applies it within 5 seconds."""


@command.command("list")
@click.argument("message")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_links(message: str, as_json: bool) -> None:
    """List the links of MESSAGE (its 16 digits) with their positions and changes."""
    number = _message(message)
    with open_store_of(load()) as store:
        links = store.messages.links(number)
        changed = {change.position: change for change in store.privacy.link_changes(number)}
    rows: list[dict[str, object]] = []
    for link in links:
        change = changed.get(link.position)
        state = "as sent" if change is None else f"replaced: {change.url}" if change.url else "stopped"
        rows.append({"position": link.position, "state": state, "url": link.url, "label": link.label})
    if as_json:
        print_json({"message": id_text(number), "links": rows})
    elif rows:
        print_table([[str(row["position"]), str(row["state"]), f"{row['url']}  {row['label']}"] for row in rows])
    else:
        click.echo("no links")


@command.command()
@click.argument("message")
@click.argument("position", type=int)
def stop(message: str, position: int) -> None:
    """Stop link POSITION of MESSAGE: clicks show a page that says the sender has stopped it."""
    with _open() as store:
        link = stop_link(store, SystemClock(), _message(message), position)
    click.echo(f"stopped: {link.url}")


@command.command()
@click.argument("message")
@click.argument("position", type=int)
@click.argument("url")
def replace(message: str, position: int, url: str) -> None:
    """Redirect link POSITION of MESSAGE to URL."""
    with _open() as store:
        link = replace_link(store, SystemClock(), _message(message), position, url)
    click.echo(f"{link.url} now leads to {url}")


@command.command()
@click.argument("message")
@click.argument("position", type=int)
def restore(message: str, position: int) -> None:
    """Restore the original destination of link POSITION of MESSAGE."""
    with _open() as store:
        link = restore_link(store, _message(message), position)
    click.echo(f"restored: {link.url}")


@contextmanager
def _open() -> Iterator[Store]:
    settings = load()
    with open_store_of(settings) as store:
        yield store
        build_revoker(settings.data, store).write()


def _message(text: str) -> int:
    number = parse_id(text)
    if number is None:
        raise InputError(f"{text!r} is not a valid message id; `postlude timeline ADDRESS` shows its 16 digits")
    return number
