"""`postlude keys`: the keys that sign links and session cookies."""

import click

from postlude.app.data_folder import DataFolder
from postlude.cli.output import print_json, print_table
from postlude.config import load

_COPY = "Copy keys.json to every other machine that runs an edge, relay or inbound server, and into your backup."


@click.group()
def command() -> None:
    """Show and rotate the keys of tokens and sessions. Keys that sign mail (DKIM) are those of `postlude domain`."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(as_json: bool) -> None:
    """List the keys of tokens. All of them verify; one signs. Shows no secret."""
    folder = DataFolder(load().data)
    ring, waiting = folder.key_ring(), folder.waiting_key()
    states = {
        number: "signs" if number == ring.current else "waits to sign" if number == waiting else "verifies"
        for number in ring.ids()
    }
    if as_json:
        print_json([{"key": number, "state": state} for number, state in states.items()])
    else:
        print_table([[f"key {number}", state] for number, state in states.items()])


@command.command()
@click.option("--prepare", is_flag=True, help="Only add the key: other machines must know it before it signs.")
def rotate(prepare: bool) -> None:
    """Sign the links and addresses of new mail with a new key. Those of mail that was sent go on working.

    While Postlude runs this takes two steps, since an edge must know a key before mail is signed with it: the first
    call adds the key; restart, and call it again. When nothing runs here one call does both.
    """
    folder = DataFolder(load().data)
    waited, runs = folder.waiting_key(), folder.running()
    number = folder.prepare_key()
    if prepare or (runs and not waited):
        click.echo(f"key {number} is known from the next start on and does not sign yet")
        click.echo(f"{_COPY} Restart everything, then `postlude keys rotate` again.")
        return
    folder.rotate_key()
    click.echo(f"key {number} signs from the next start on; older keys go on verifying")
    click.echo(_COPY + (" Restart." if runs else ""))


@command.command("rotate-sessions")
@click.option("--end", is_flag=True, help="End all sessions, as after the key or a backup was seen by others.")
def rotate_sessions(end: bool) -> None:
    """Sign session cookies with a new key from the next start on. Sessions go on for up to 30 days, unless --end."""
    DataFolder(load().data).rotate_session_key(end_sessions=end)
    click.echo("restart the app: " + ("all users are signed out then" if end else "sessions go on"))
