"""`postlude sender`: what is set for an address mail is sent from, or a whole domain."""

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.choices import one_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.model.words import IfIndeterminate
from postlude.services.accounts.sender_settings import sender_settings, set_if_indeterminate


@click.group()
def command() -> None:
    """Settings of senders: an address, or a domain for all its addresses without one of their own."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_senders(as_json: bool) -> None:
    """List the senders something is set for. All others: an indeterminate copy is never sent twice."""
    with open_store_of(load()) as store:
        found = sender_settings(store)
    if as_json:
        print_json([{"sender": name, "indeterminate": wanted} for name, wanted in found.items()])
    else:
        print_table([[name, wanted.value] for name, wanted in found.items()])


@command.command()
@click.argument("sender")
@click.argument("wanted", type=one_of(IfIndeterminate))
def indeterminate(sender: str, wanted: str) -> None:
    """Set what becomes of copies from SENDER that may or may not have arrived.

    The connection was lost, or Postlude was killed, while the next server had the whole message and had not answered.
    `never-twice`: the copy waits for you (`postlude resend`). `rather-twice`: it is tried once more by itself, for mail
    that must arrive, such as passwords. Whatever comes back, or an opening by a person, settles it.
    """
    with open_store_of(load()) as store:
        name = set_if_indeterminate(store, sender, IfIndeterminate(wanted))
    click.echo(f"{name}: {wanted}")


@command.command()
@click.argument("sender")
def reset(sender: str) -> None:
    """Forget what is set for SENDER: its domain's setting holds, else `never-twice`."""
    with open_store_of(load()) as store:
        name = set_if_indeterminate(store, sender, None)
    click.echo(f"{name}: nothing is set")
