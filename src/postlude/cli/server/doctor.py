"""`postlude doctor`: whether the stored data is intact and consistent, and what to do if not."""

import sys

import click

from postlude.app.commands.doctor import examine_folder, repair_folder
from postlude.app.commands.stores import open_store_of
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock
from postlude.services.integrity.sending_pause import seen as incidents_seen

_SIGNS = {"whole": "ok", "attention": "LOOK", "damaged": "FAIL"}


@click.command()
@click.option("--repair", "mend", is_flag=True, help="Rename files that cannot be read; stop Postlude first.")
@click.option("--seen", is_flag=True, help="Mark earlier findings as read: they are not shown again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(mend: bool, seen: bool, as_json: bool) -> None:
    """Verify every checksum of journal, stored mail, state, history and keys. Changes nothing.

    May run beside Postlude; the history is read only while Postlude does not run. --repair renames damaged files, so
    that they are rebuilt or replaced by a backup. Nothing is deleted.

    Exit code 0 when everything is intact, 1 when something is damaged or inconsistent, 8 when something only needs
    attention.
    """
    settings = load()
    moved = repair_folder(settings) if mend else []
    if seen:
        with open_store_of(settings) as store:
            incidents_seen(store, SystemClock())
    found = examine_folder(settings)
    if as_json:
        print_json({"moved": moved, "diagnoses": [one._asdict() for one in found]})
    else:
        print_table([["moved", "", text] for text in moved])
        print_table([[_SIGNS[one.state], one.name, one.text] for one in found])
    states = {one.state for one in found}
    sys.exit(1 if "damaged" in states else 8 if "attention" in states else 0)
