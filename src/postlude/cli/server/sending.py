"""`postlude hold-sending` and `postlude resume-sending`: the operator decides whether mail is sent."""

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.output import print_json
from postlude.config import load
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_text
from postlude.model.errors import InputError
from postlude.services.integrity.sending_pause import pause_sending, resume_sending
from postlude.store import PausedMail


@click.command()
@click.argument("reason", default="no reason given")
def hold_command(reason: str) -> None:
    """Pause all sending, single messages and campaigns, until `postlude resume-sending`. REASON is shown meanwhile.

    Run this before you restore a whole data folder: Postlude cannot recognise that mail was sent since the backup.
    """
    with open_store_of(load()) as store:
        pause_sending(store, SystemClock(), "asked", reason)
    click.echo("no mail leaves until `postlude resume-sending`")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def resume_command(yes: bool, as_json: bool) -> None:
    """Resume sending, after showing why it is paused and what waits.

    Copies that may have been sent before the database was restored become indeterminate: `postlude resend` sends them
    again. A campaign with sent copies that the database does not know is paused, because only you can tell who got
    them.
    """
    with open_store_of(load()) as store:
        found = store.integrity.sending_pause()
        if found is None:
            raise InputError("sending is not paused")
        paused = store.integrity.paused_mail()
        if not as_json:
            click.echo("\n".join([*(f"paused: {reason}" for reason in found.reasons), *_numbers(paused)]))
        if not yes and not as_json:
            click.confirm("Resume sending?", abort=True)
        paused = resume_sending(store)
    if as_json:
        campaigns = [{"id": id_text(number), "name": name, "left": left} for number, name, left in paused.campaigns]
        print_json({"waiting": paused.waiting, "indeterminate": paused.uncertain, "campaigns": campaigns})
    else:
        click.echo("sending has resumed")


def _numbers(paused: PausedMail) -> list[str]:
    lines = [f"{paused.waiting - paused.uncertain} copies of single mails wait and leave"]
    if paused.uncertain:
        lines.append(
            f"{paused.uncertain} copies of single mails may have left before: they become indeterminate and stay"
        )
    for number, name, left in paused.campaigns:
        what = f"{left} of its copies left before and are not in this database: it is paused" if left else "goes on"
        lines.append(f"campaign {name} ({id_text(number)}): {what}")
    return lines


commands = {"hold-sending": hold_command, "resume-sending": resume_command}
