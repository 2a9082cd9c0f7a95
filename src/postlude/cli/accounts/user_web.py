"""`postlude user`: how users sign in to the web app. Registered with the group in `user`."""

import click

from postlude.app.commands.stores import accept_message, open_store_of
from postlude.cli.choices import one_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_datetime
from postlude.model.role import Role
from postlude.model.words import Via
from postlude.services.accounts.account_mail import INVITATION_SECONDS, invitation_mail, password_link
from postlude.services.accounts.roles import set_role
from postlude.services.accounts.second_step import end_second_step
from postlude.services.accounts.sessions import end_session_called, end_sessions, list_sessions, session_id
from postlude.services.accounts.single_sign_on import forget_sign_ons
from postlude.services.accounts.users import user_called
from postlude.services.messages.accept import NewMessage

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("address")
@click.option("--mail", is_flag=True, help="Send the link to ADDRESS instead of printing it.")
@_JSON
def invite(address: str, mail: bool, as_json: bool) -> None:
    """Print a link where ADDRESS sets a password for the web app. It works once, for seven days; earlier ones end."""
    settings, clock, link = load(), SystemClock(), ""
    with open_store_of(settings) as store:
        user = user_called(store, address)
        if mail:
            inviter = store.accounts.first_user() or user
            made = invitation_mail(store, clock, user, inviter, settings.public_web)
        else:
            link = password_link(store, clock, user, settings.public_web, INVITATION_SECONDS)
    if mail:
        recipients = [made.recipient]
        accept_message(
            settings,
            NewMessage(user=made.user, via=Via.CLI, mail_from=made.mail_from, recipients=recipients, raw=made.raw),
        )
    if as_json:
        print_json({"user": user.address, "link": link})
    else:
        click.echo(link or f"the link goes to {user.address} while Postlude runs")


@click.command()
@click.argument("address")
@_JSON
def sessions(address: str, as_json: bool) -> None:
    """List the browsers in which ADDRESS is signed in to the web app, last used first."""
    with open_store_of(load()) as store:
        found = list_sessions(store, SystemClock(), user_called(store, address))
    if as_json:
        fields = ("began", "seen", "address", "program", "how")
        print_json([{"id": session_id(one.session), **{name: getattr(one, name) for name in fields}} for one in found])
        return
    print_table(
        [
            [session_id(one.session), one.address, f"used {to_datetime(one.seen):%Y-%m-%d %H:%M}", one.how, one.program]
            for one in found
        ]
    )


@click.command("end-session")
@click.argument("address")
@click.argument("session")
def end_one_session(address: str, session: str) -> None:
    """End one web session of ADDRESS (`postlude user sessions` shows the ids)."""
    with open_store_of(load()) as store:
        end_session_called(store, SystemClock(), user_called(store, address), session)
    click.echo(f"session {session} of {address} has ended")


@click.command("sign-out")
@click.argument("address")
def sign_out(address: str) -> None:
    """End every web session of ADDRESS, for example after a laptop was lost. App passwords stay valid: see `revoke`."""
    with open_store_of(load()) as store:
        end_sessions(store, SystemClock(), user_called(store, address))
    click.echo(f"{address} is signed out everywhere")


@click.command("end-second-step")
@click.argument("address")
def end_step(address: str) -> None:
    """Let ADDRESS sign in with the password alone, for example after a phone was lost without recovery codes."""
    with open_store_of(load()) as store:
        end_second_step(store, user_called(store, address))
    click.echo(f"{address} signs in with the password alone")


@click.command("forget-sign-on")
@click.argument("address")
def forget_sign_on(address: str) -> None:
    """Let another person of the single sign-on provider come in as ADDRESS, for example after it changed accounts."""
    with open_store_of(load()) as store:
        ended = forget_sign_ons(store, user_called(store, address))
    click.echo(f"{ended} forgotten; who proves {address} next is remembered")


@click.command("role")
@click.argument("address")
@click.argument("role", type=one_of(Role))
def change_role(address: str, role: str) -> None:
    """Give ADDRESS another role: viewers read, members send, admins manage members and viewers, owners everything."""
    with open_store_of(load()) as store:
        set_role(store, user_called(store, address), Role(role))
    click.echo(f"{address} is {role}")


COMMANDS = (change_role, invite, sessions, end_one_session, sign_out, end_step, forget_sign_on)
