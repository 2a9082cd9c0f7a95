"""`postlude api-key`: keys of programs for the HTTP API."""

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.choices import one_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.kit.ids import id_text
from postlude.model.api_scope import ApiScope
from postlude.services.accounts.api_keys import (
    OVERLAP_SECONDS,
    NewApiKey,
    api_key_called,
    end_api_key,
    new_api_key,
    replace_api_key,
)
from postlude.services.accounts.users import user_called
from postlude.store import ApiKey

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_HOUR_SECONDS = 3600


@click.group()
def command() -> None:
    """Keys of programs for the HTTP API. Works whether or not Postlude runs."""


@command.command()
@click.argument("address")
@click.argument("label")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=one_of(ApiScope),
    help="What it may do; may be repeated. Default: all that there are.",
)
@click.option("--send-as", "senders", multiple=True, help="Send only as this address or pattern; may be repeated.")
@_JSON
def new(address: str, label: str, scopes: tuple[str, ...], senders: tuple[str, ...], as_json: bool) -> None:
    """Make a key for the program LABEL of the user ADDRESS, and print it. It is shown only once."""
    with open_store_of(load()) as store:
        user = user_called(store, address)
        wanted = [ApiScope(scope) for scope in scopes] or list(ApiScope)
        _print_new(new_api_key(store, SystemClock(), user, label, wanted, senders), as_json)


@command.command("list")
@click.argument("address")
@_JSON
def list_keys(address: str, as_json: bool) -> None:
    """List the keys of the user ADDRESS, without their secrets."""
    with open_store_of(load()) as store:
        keys = store.api_keys.of_user(user_called(store, address).id)
    if as_json:
        print_json([_as_json(key) for key in keys])
    else:
        print_table([_row(key) for key in keys])


@command.command()
@click.argument("address")
@click.argument("key")
@click.option(
    "--overlap-hours",
    default=OVERLAP_SECONDS // _HOUR_SECONDS,
    show_default=True,
    type=click.IntRange(0, 720),
    help="How long the old one goes on working.",
)
@_JSON
def replace(address: str, key: str, overlap_hours: int, as_json: bool) -> None:
    """Make a key with the same rights as KEY (its id or label) of the user ADDRESS; the old one ends a day later."""
    with open_store_of(load()) as store:
        old = api_key_called(store, user_called(store, address), key)
        _print_new(replace_api_key(store, SystemClock(), old, overlap_hours * _HOUR_SECONDS), as_json)


@command.command()
@click.argument("address")
@click.argument("key")
def end(address: str, key: str) -> None:
    """End KEY (its id or label) of the user ADDRESS at once."""
    with open_store_of(load()) as store:
        found = api_key_called(store, user_called(store, address), key)
        end_api_key(store, SystemClock(), found)
    click.echo(f"{found.label} ({found.start}...): ended")


def _print_new(made: NewApiKey, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(made.key) | {"secret": made.secret})
        return
    click.echo(made.secret)
    click.echo("Shown only now. Programs send it as `Authorization: Bearer KEY`.", err=True)


def _row(key: ApiKey) -> list[str]:
    used = f"used {to_iso(key.last_used_at)}" if key.last_used_at else "never used"
    ends = f"ends {to_iso(key.ends_at)}" if key.ends_at else ""
    return [id_text(key.id), key.label, f"{key.start}...", " ".join(key.scopes), " ".join(key.senders), used, ends]


def _as_json(key: ApiKey) -> dict[str, object]:
    return {
        "id": id_text(key.id),
        "label": key.label,
        "start": key.start,
        "scopes": list(key.scopes),
        "senders": list(key.senders),
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "ends_at": key.ends_at,
    }
