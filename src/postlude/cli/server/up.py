"""`postlude up`: everything on this machine with one command."""

import click

from postlude.config import load


@click.command()
def command() -> None:
    """Run everything on this machine: web app, tracking edge, SMTP relay, inbound server.

    Without a mail server (POSTLUDE_SMTP_HOST) it is a sandbox: mail stays in a local mailbox that the web app shows.
    The first start prints a sign-in link and the relay's login. Ctrl-C stops everything; the next start continues where
    it was.
    """
    from postlude.app.processes.up import run_up  # noqa: PLC0415 - `postlude up --help` needs none of it

    run_up(load())
