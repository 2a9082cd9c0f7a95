"""`postlude demo`: fill an empty instance with a living example, and take it away again."""

import sys

import click

from postlude.app.demo.fill import fill, remove_demo
from postlude.cli.output import print_json
from postlude.config import load


@click.command()
@click.option("--remove", "away", is_flag=True, help="Take all of it away again.")
@click.option("--anyway", is_flag=True, help="With --remove: what was added since goes as well.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another course of events.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(away: bool, anyway: bool, seed: int, as_json: bool) -> None:
    """Fill an empty instance with an example of two months: a shop's single mail, campaigns, contacts and feedback.

    Everything goes through the journal and the digest, in some seconds. All addresses are reserved names, and nothing
    leaves this machine. An instance that is in use is refused. Stop Postlude before; start it to look around.

    --remove deletes every message, contact, campaign and event; accounts, keys and settings stay.
    """
    settings = load()
    if away:
        held = remove_demo(settings, anyway=anyway)
    else:
        with click.progressbar(length=1000, label="two months", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            held = fill(settings, seed=seed, progress=lambda done: bar.update(int(done * 1000) - bar.pos))
    if as_json:
        print_json({"removed" if away else "there": held})
    elif away:
        click.echo(f"removed: {_told(held)}")
    else:
        click.echo(
            f"there are {_told(held)}. `postlude up` shows them, `postlude sign-in` prints a link into the web app"
        )


def _told(held: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in held.items()) or "nothing"
