"""`postlude resend`: sends copies again on request, never automatically."""

import click

from postlude.app.commands.stores import append_observation, open_store_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import InputError
from postlude.services.messages.resend import choose_copies


@click.command()
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--all", "every", is_flag=True, help="Of a message also refused, expired, suppressed and deferred copies."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(ids: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Send copies again. IDS are copies, or messages: then their indeterminate copies.

    A copy is indeterminate when the connection ended after the whole message was written: it may have arrived, so
    sending again may deliver it twice. `postlude timeline --json` shows the ids. Copies that were sent are refused.
    """
    numbers = [(text, parse_id(text)) for text in ids]
    if bad := [text for text, number in numbers if number is None]:
        raise InputError(
            f"{bad[0]} is not a valid id: write the 16 hexadecimal digits that `postlude timeline --json` shows"
        )
    settings, clock = load(), SystemClock()
    with open_store_of(settings) as store:
        chosen = [
            one
            for _, number in numbers
            if number is not None
            for one in choose_copies(store, number, clock, every=every)
        ]
    for resend in chosen:
        append_observation(settings, resend.observation)
    if as_json:
        print_json([{"copy": id_text(one.observation.copy), "recipient": one.recipient} for one in chosen])
    else:
        print_table([[id_text(one.observation.copy), one.recipient, f"was {one.status}, goes again"] for one in chosen])
