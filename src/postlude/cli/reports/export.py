"""`postlude export`: events, copies, campaigns, reports, contacts and suppressions as files."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from postlude.app.commands.stores import offline_stores, open_store_of
from postlude.cli.choices import one_of
from postlude.cli.control_client import ask
from postlude.cli.whose import user_or_first
from postlude.config import Settings, load
from postlude.kit.clock import SystemClock
from postlude.kit.data_table import DataTable, TableFormat, text_table
from postlude.kit.files import move_durably, replace_durably
from postlude.model.errors import InputError, NotFoundError
from postlude.services.campaigns.comparison import campaign_table, sorted_lines
from postlude.services.campaigns.drafts import find_campaign
from postlude.services.campaigns.report import report_of
from postlude.services.campaigns.report_pdf import report_pdf
from postlude.services.campaigns.report_tables import report_tables, results_data
from postlude.services.contacts.by_name import list_ids, tag_id
from postlude.services.contacts.contacts import contact_rows, rows_of_pages
from postlude.services.contacts.suppressions import suppression_rows
from postlude.services.reports.copy_table import copies_table, every_copy
from postlude.services.reports.insight import ResponseKind, content_insight, insight_table
from postlude.services.reports.messages import Reports
from postlude.services.reports.table_files import format_of, write_tables
from postlude.services.segments.names import read_segment
from postlude.services.segments.saved import chosen_pages
from postlude.store import Store
from postlude.store.campaigns.rows import Campaign

_FILE: Final = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_USER: Final = click.option("--user", default="", help="Only what this user sent.")
_PATIENCE_S: Final = 24 * 3600.0


@click.group()
def command() -> None:
    """Write data to FILE: its name ends in .csv, .xlsx or .parquet.

    Works while Postlude runs. Times are UTC.
    """


@command.command()
@_FILE
@_USER
def events(file: Path, user: str) -> None:
    """Write everything that happened to copies of mail."""
    from postlude.history.parquet_file import read_parquet  # noqa: PLC0415 - DuckDB costs 25 MB

    form, settings = _form(file), load()
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".export-") as folder:
        path = Path(folder) / "events.parquet"
        total = _write_events(settings, path, user)
        if form is not TableFormat.PARQUET:
            made = path.with_name(f"made.{form}")
            write_tables(made, form, [read_parquet(path, "events")])
            path = made
        move_durably(path, file)
    _tell(total, "events")


def _write_events(settings: Settings, path: Path, user: str) -> int:
    with open_store_of(settings) as store:
        number = user_or_first(store, user) if user else 0
    answer = ask(settings, "export", patience_s=_PATIENCE_S, path=str(path), user=str(number))
    if answer is not None:
        return int(answer["events"])
    with offline_stores(settings) as (store, history):
        return Reports(store, history).export_events(path, number or None)


@command.command()
@_FILE
@_USER
def copies(file: Path, user: str) -> None:
    """Write every copy with its recipient and what became of it."""
    with open_store_of(load()) as store:
        _write(file, [every_copy(store, user_or_first(store, user) if user else None)], "copies")


@command.command()
@_FILE
@_USER
def campaigns(file: Path, user: str) -> None:
    """Write every campaign that was sent, with its rates and their intervals (default: the first user's)."""
    with open_store_of(load()) as store:
        lines = sorted_lines(campaign_table(store, user_or_first(store, user)).lines)
        _write(file, [results_data(lines)], "campaigns")


@command.command()
@click.argument("campaign")
@_FILE
@click.option("--part", default="", help="Only this table, such as links; .csv and .parquet need it.")
def report(campaign: str, file: Path, part: str) -> None:
    """Write the report of CAMPAIGN, each table to a sheet of its own; to read it, to a FILE that ends in .pdf."""
    with open_store_of(load()) as store:
        if file.suffix.lower() == ".pdf":
            _write_pdf(store, find_campaign(store, campaign), file)
            return
        tables = report_tables(report_of(store, find_campaign(store, campaign), estimated=False))
        chosen = [table for table in tables if not part or table.name == part]
        if not chosen:
            raise NotFoundError(f"there is no table {part!r}; there are: {', '.join(one.name for one in tables)}")
        _write(file, chosen, "rows")


@command.command()
@_FILE
@_USER
@click.option("--response", type=one_of(ResponseKind), default=ResponseKind.CLICKED.value, help="What people do.")
def insight(file: Path, user: str, response: str) -> None:
    """Write which topics and content people respond to (default: of the first user's mail)."""
    with open_store_of(load()) as store:
        found = content_insight(store, user_or_first(store, user), ResponseKind(response), SystemClock().now())
        _write(file, [insight_table(found)], "traits")


def _write_pdf(store: Store, campaign: Campaign, file: Path) -> None:
    made = report_pdf(campaign, report_of(store, campaign), SystemClock().now())
    try:
        replace_durably(file, made, mode=0o600)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}") from error


@command.command()
@click.argument("campaign")
@_FILE
def recipients(campaign: str, file: Path) -> None:
    """Write every copy of CAMPAIGN with what became of it."""
    with open_store_of(load()) as store:
        found = find_campaign(store, campaign)
        _write(file, [copies_table(store, store.campaigns.message_ids(found.id))], "copies")


@command.command()
@_FILE
@click.option("--list", "list_name", default="", help="Only members of this list.")
@click.option("--tag", default="", help="Only contacts with this tag.")
@click.option("--search", default="", help="Only contacts whose address or name contains this.")
@click.option("--segment", default="", help="Only contacts that this expression chooses, such as segment('Keen').")
def contacts(file: Path, list_name: str, tag: str, search: str, segment: str) -> None:
    """Write contacts with fields, tags, lists and consent."""
    if segment and (list_name or tag or search):
        raise InputError("an expression says all of it: write list('News') and tag('vip') into --segment")
    with open_store_of(load()) as store:
        if segment:
            pages = chosen_pages(store, SystemClock(), read_segment(store, segment))
            rows = rows_of_pages(store, pages)
        else:
            rows = contact_rows(store, search=search, **_chosen(store, list_name, tag))
        _write(file, [text_table("contacts", rows)], "contacts")


@command.command()
@_FILE
def suppressions(file: Path) -> None:
    """Write the addresses that must not be mailed, and why."""
    with open_store_of(load()) as store:
        _write(file, [text_table("suppressions", suppression_rows(store))], "addresses")


def _chosen(store: Store, list_name: str, tag: str) -> dict[str, Any]:
    return {
        "list_id": list_ids(store, [list_name])[0] if list_name else 0,
        "tag": tag_id(store, tag) if tag else 0,
    }


def _form(file: Path) -> TableFormat:
    form = format_of(file.name)
    if not file.absolute().parent.is_dir():
        raise InputError(f"the folder of {file} does not exist")
    return form


def _write(file: Path, tables: Sequence[DataTable], what: str) -> None:
    """Beside the file first, so that there is never a half of one under its name."""
    form = _form(file)
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".export-") as folder:
        made = Path(folder) / f"made.{form}"
        total = write_tables(made, form, tables)
        move_durably(made, file)
    _tell(total, what)


def _tell(total: int, what: str) -> None:
    click.echo(f"{total:,} {what}", err=True)
