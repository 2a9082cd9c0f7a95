"""`postlude user`: who may send through the relay, with which passwords, as whom and how much."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.accounts import user_web
from postlude.cli.choices import one_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_datetime
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import InputError
from postlude.model.quota import LIMITS
from postlude.model.role import Role
from postlude.model.words import MessagePurpose
from postlude.services.accounts.sessions import disable_user, enable_user
from postlude.services.accounts.users import (
    add_user,
    new_app_password,
    revoke_app_passwords,
    set_limits,
    set_senders,
    user_called,
)
from postlude.store import Store, User

_PURPOSE = click.option(
    "--purpose",
    default="",
    type=one_of(MessagePurpose, or_none=True, any_case=True),
    help="What is sent with it, where a message does not say: a shop's receipts are transactional.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Manage users. Works whether or not Postlude runs."""


@command.command()
@click.argument("address")
@click.option("--name", default="", help="The person's name.")
@click.option(
    "--send-as", "senders", multiple=True, help="A further From address or pattern like *@example.org; may be repeated."
)
@click.option("--role", default=Role.MEMBER.value, show_default=True, type=one_of(Role), help="What the user may do.")
@click.option("--label", default="first", show_default=True, help="What the first app password is for.")
@_PURPOSE
@_JSON
def add(  # noqa: PLR0917 - one parameter an option
    address: str, name: str, senders: tuple[str, ...], role: str, label: str, purpose: str, as_json: bool
) -> None:
    """Add a user with ADDRESS and print the first app password, which is shown only once."""
    with _store() as store:
        user = add_user(store, SystemClock(), address, name, senders, Role(role))
        _say_password(user, new_app_password(store, user, label, purpose=purpose), as_json)


@command.command("list")
@_JSON
def list_users(as_json: bool) -> None:
    """List users, their From addresses and their app passwords."""
    with _store() as store:
        users = [(user, store.accounts.list_app_passwords(user.id)) for user in store.accounts.list_users()]
    if as_json:
        print_json([_as_json(user) | {"passwords": passwords} for user, passwords in users])
        return
    for user, passwords in users:
        click.echo(f"{user.address}  {user.role}  {user.name}".rstrip())
        click.echo(f"  writes as  {', '.join((user.address, *user.senders))}")
        if user.limits:
            click.echo("  limits     " + ", ".join(f"{name} {number}" for name, number in user.limits.items()))
        rows = [
            [f"  password   {id_text(p.id)}", p.label, f"used {_day(p.last_used_at)}", p.purpose] for p in passwords
        ]
        print_table(rows)


@command.command()
@click.argument("address")
@click.option("--label", default="", help="The program it is for.")
@_PURPOSE
@_JSON
def password(address: str, label: str, purpose: str, as_json: bool) -> None:
    """Create another app password for ADDRESS: one per program, so that each can be revoked alone."""
    with _store() as store:
        user = user_called(store, address)
        _say_password(user, new_app_password(store, user, label, purpose=purpose), as_json)


@command.command()
@click.argument("address")
@click.argument("password_id", required=False)
@click.option("--all", "every", is_flag=True, help="Revoke all: the user cannot send until it gets a new one.")
def revoke(address: str, password_id: str | None, every: bool) -> None:
    """Revoke app password PASSWORD_ID of ADDRESS at once (`postlude user list` shows the ids)."""
    if bool(password_id) == every:
        raise InputError("give one password id, or --all")
    with _store() as store:
        user = user_called(store, address)
        there = [one.id for one in store.accounts.list_app_passwords(user.id)]
        ended = revoke_app_passwords(store, user, there if every else [parse_id(password_id or "")])
    click.echo(f"revoked {ended} of {len(there)}")


@command.command("send-as")
@click.argument("address")
@click.argument("senders", nargs=-1)
def send_as(address: str, senders: tuple[str, ...]) -> None:
    """Set all further From addresses of ADDRESS; none: only its own. Patterns such as *@example.org are allowed."""
    with _store() as store:
        user = user_called(store, address)
        set_senders(store, user, senders)
    click.echo(f"{address} writes as {', '.join((address, *senders))}")


@command.command()
@click.argument("address")
@click.option("--messages-per-hour", type=click.IntRange(0), help="Messages within an hour; 0: no limit.")
@click.option("--messages-per-day", type=click.IntRange(0), help="Messages within 24 hours; 0: no limit.")
@click.option("--recipients-per-hour", type=click.IntRange(0), help="Recipients within an hour; 0: no limit.")
@click.option("--recipients-per-day", type=click.IntRange(0), help="Recipients within 24 hours; 0: no limit.")
@click.option("--default", "reset", is_flag=True, help="Use the limits of the settings (POSTLUDE_RELAY_*).")
def limits(address: str, reset: bool, **given: int | None) -> None:
    """Set sending limits for ADDRESS. They apply from its next login."""
    wanted = {name: number for name in LIMITS if (number := given[name]) is not None}
    with _store() as store:
        user = user_called(store, address)
        own = set_limits(store, user, wanted, reset=reset)
    shown = ", ".join(f"{name.replace('_', ' ')} {number or 'without limit'}" for name, number in own.items())
    click.echo(f"{address}: {shown or 'as the settings say'}")


for _one in user_web.COMMANDS:
    command.add_command(_one)


@command.command()
@click.argument("address")
def disable(address: str) -> None:
    """Disable ADDRESS: no login and no sending. Its mail, contacts and campaigns stay; those being sent are paused."""
    with _store() as store:
        disable_user(store, SystemClock(), user_called(store, address))
    click.echo(f"{address} is disabled; `postlude user enable {address}` undoes it")


@command.command()
@click.argument("address")
def enable(address: str) -> None:
    """Undo `disable`: app passwords work again; web sessions stay ended."""
    with _store() as store:
        enable_user(store, user_called(store, address))
    click.echo(f"{address} is enabled")


@contextmanager
def _store() -> Iterator[Store]:
    with open_store_of(load()) as store:
        yield store


def _say_password(user: User, text: str, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(user) | {"password": text})
        return
    print_table([["login", user.address], ["password", text]])
    click.echo("It is shown only once. Server and port: `postlude settings` (RELAY_HOST, RELAY_PORT).")


def _as_json(user: User) -> dict[str, object]:
    return {
        "login": user.address,
        "name": user.name,
        "role": user.role,
        "senders": user.senders,
        "limits": user.limits or {},
    }


def _day(at: int | None) -> str:
    return f"{to_datetime(at):%Y-%m-%d}" if at else "never"
