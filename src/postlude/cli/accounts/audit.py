"""`postlude audit`: who did what, when and from where."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.output import csv_file, print_json, print_table
from postlude.config import load
from postlude.kit.clock import MICROS_PER_SECOND, to_datetime
from postlude.kit.csv_table import row_text
from postlude.services.accounts.audit import audit_rows
from postlude.store.accounts.audit_log import AuditSearch

_DAY: Final = click.DateTime(["%Y-%m-%d"])


def _search_options(run: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("--person", default="", help="A part of who did it, or of what it was done to."),
        click.option("--act", default="", help="The act, or its beginning: `user` finds `user role`."),
        click.option("--since", type=_DAY, help="From this day on (UTC)."),
        click.option("--until", type=_DAY, help="Up to this day, inclusive (UTC)."),
    )
    for option in reversed(options):
        run = option(run)
    return run


@click.group()
def command() -> None:
    """Show who did what, when and from where, in the web app and on the command line."""


@command.command("list")
@_search_options
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_acts(limit: int, as_json: bool, **search: Any) -> None:  # noqa: ANN401 - options of the search
    """List the newest acts first."""
    with open_store_of(load()) as store:
        found = store.accounts.audit_page(_search(**search), limit)
    if as_json:
        print_json(found)
        return
    print_table(
        [
            [
                f"{to_datetime(one.at):%Y-%m-%d %H:%M:%S}",
                one.who or "-",
                " ".join(filter(None, (one.via, one.origin))),
                " ".join(filter(None, (one.act, one.outcome))),
                one.what,
            ]
            for one in found
        ]
    )


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@_search_options
def export(file: Path, **search: Any) -> None:  # noqa: ANN401 - options of the search
    """Write the acts as CSV to FILE (-: standard output)."""
    with open_store_of(load()) as store, csv_file(file) as out:
        for row in audit_rows(store, _search(**search)):
            out.write(row_text(row))


def _search(person: str, act: str, since: datetime | None, until: datetime | None) -> AuditSearch:
    return AuditSearch(person, act, _micros(since), _micros(until and until + timedelta(days=1)))


def _micros(day: datetime | None) -> int:
    return int(day.replace(tzinfo=UTC).timestamp()) * MICROS_PER_SECOND if day else 0
