"""`postlude sign-in`: a new link into the web app."""

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.output import print_json
from postlude.config import load
from postlude.kit.clock import SystemClock
from postlude.model.errors import NotFoundError
from postlude.services.accounts.users import sign_in_link


@click.command()
@click.argument("address", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(address: str | None, as_json: bool) -> None:
    """Print a link that signs ADDRESS (default: the first user) in to the web app. It works once, for an hour."""
    settings = load()
    with open_store_of(settings) as store:
        user = store.accounts.user_by_address(address) if address else store.accounts.first_user()
        if user is None:
            raise NotFoundError(f"no user {address}" if address else "there is no user yet: start `postlude up` once")
        token = sign_in_link(store, SystemClock(), user)
    link = f"{settings.public_web}/sign-in/{token}"
    if as_json:
        print_json({"user": user.address, "link": link})
    else:
        click.echo(link)
