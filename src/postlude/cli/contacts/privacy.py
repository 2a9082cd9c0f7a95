"""`postlude privacy`: requests that recipients make by letter instead of on the preferences page."""

from time import monotonic, sleep

import click

from postlude.app.commands.stores import append_observation, forget_offline, offline_stores, open_store_of
from postlude.cli.control_client import ask
from postlude.cli.operator import who
from postlude.config import Settings, load
from postlude.journal import not_rolled
from postlude.kit.clock import SystemClock
from postlude.model.domain_name import address_key
from postlude.model.errors import InUseError, NotFoundError
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint
from postlude.services.privacy.forgetting import ask_to_forget, damaged_files_naming, leaves_remains
from postlude.services.privacy.subject_access import describe_stored
from postlude.services.privacy.withdrawals import choose_for

_PATIENCE_SECONDS = 60.0
_NAP_SECONDS = 0.2


@click.group()
def command() -> None:
    """Answer requests of recipients: show, limit, erase or forget their data."""


@command.command()
@click.argument("address")
def show(address: str) -> None:
    """Print everything stored about ADDRESS."""
    settings = load()
    answer = ask(settings, "stored", address=address)
    if answer is None:
        with offline_stores(settings) as (store, history):
            answer = {"text": describe_stored(store, history, address)}
    click.echo(answer["text"], nl=False)


@command.command()
@click.argument("address")
@click.confirmation_option(prompt="Delete every recorded open and click of this address?")
def erase(address: str) -> None:
    """Delete every open, click and visited page recorded for ADDRESS. The record that mail was sent stays."""
    _decide(address, {"erase": "1"})
    click.echo(f"{address}: will be erased as soon as Postlude runs; from the journal after 7 days")


@command.command()
@click.argument("address")
@click.confirmation_option(prompt="Permanently forget this address, its mail, its replies and its contact?")
def forget(address: str) -> None:
    """Forget ADDRESS: contact, contents of mail, replies, recorded data. A keyed hash remembers that it wants no mail.

    The record that mail was sent, and its results, stay under a pseudonym.
    """
    settings = load()
    with open_store_of(settings) as store:
        ask_to_forget(store, SystemClock(), address)
    try:
        forget_offline(settings)
    except InUseError:
        click.echo(f"{address}: the running Postlude is forgetting this address")
        _wait_until_forgotten(settings, address)
    click.echo(f"{address}: forgotten")
    for path in damaged_files_naming(settings.data, address):
        click.echo(f"{path} is a damaged file that still names the address: delete it when you do not need it any more")
    if late := not_rolled(settings.data / "journal"):
        click.echo(
            f"The process that writes the journal of {', '.join(late)} did not answer: the newest file of it may still "
            "speak of the address, until that process is started again or for 7 days."
        )


def _wait_until_forgotten(settings: Settings, address: str) -> None:
    ends = monotonic() + _PATIENCE_SECONDS
    with open_store_of(settings) as store:
        while address_key(address) in store.forgetting.to_forget() or leaves_remains(store):
            if monotonic() > ends:
                raise InUseError(
                    f"{address} is not forgotten yet: the running Postlude does it after everything in the journal "
                    "has been digested and no import contains the address. `postlude check` shows what delays it"
                )
            sleep(_NAP_SECONDS)


@command.command()
@click.argument("address")
@click.option("--opens/--no-opens", default=True, show_default=True, help="Whether opens may be recorded.")
@click.option("--clicks/--no-clicks", default=True, show_default=True, help="Whether clicks may be recorded.")
def track(address: str, opens: bool, clicks: bool) -> None:
    """Set what may be recorded for ADDRESS from now on, also for mail already sent."""
    with open_store_of(load()) as store:
        choose_for(store, SystemClock(), address, who(), opens=opens, clicks=clicks)
    reported = [
        f"{name} {'may be' if on else 'are not'} recorded" for name, on in (("opens", opens), ("clicks", clicks))
    ]
    click.echo(f"{address}: {', '.join(reported)} from now on")


def _decide(address: str, facts: dict[str, str]) -> None:
    """Journal the decision as the preferences page of the newest copy would."""
    settings = load()
    with open_store_of(settings) as store:
        copies = store.messages.copies_to(address)
    if not copies:
        raise NotFoundError(f"no mail was sent to {address}")
    copy, endpoint = copies[0], HitEndpoint.PREFERENCES
    facts |= {"by": "postlude privacy"}
    hit = Hit(SystemClock().now(), endpoint, 1, copy.message, copy.id, -1, "POST", "", "", {}, facts)
    append_observation(settings, hit)
