"""`postlude suppressions`: addresses that must not be mailed."""

from pathlib import Path

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.operator import who
from postlude.cli.output import csv_file, print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.model.errors import NotFoundError
from postlude.services.contacts import suppressions as service


@click.group()
def command() -> None:
    """Addresses that must not be mailed, and why: bounces, complaints, unsubscribes, and those you add."""


@command.command("list")
@click.argument("search", default="")
@click.option("--reason", default="", help="Only addresses with this reason.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="Newest addresses shown.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_suppressions(search: str, reason: str, limit: int, as_json: bool) -> None:
    """List suppressed addresses that contain SEARCH, the newest first, and how many there are by reason."""
    with open_store_of(load()) as store:
        found = store.suppressions.latest(limit, search=search, reason=reason)
        counts = store.suppressions.count(search)
    if as_json:
        rows = [
            {"address": s.address, "reason": s.reason, "note": s.evidence, "by": s.by, "since": to_iso(s.at)}
            for s in found
        ]
        print_json({"by_reason": counts, "suppressions": rows})
        return
    print_table([[s.address, s.reason, to_iso(s.at)[:10], " ".join(filter(None, (s.by, s.evidence)))] for s in found])
    reported = ", ".join(f"{number:,} {word}" for word, number in counts.items())
    click.echo(f"in all: {reported}" if reported else "no address is suppressed", err=bool(reported))


@command.command()
@click.argument("addresses", nargs=-1, required=True)
@click.option("--reason", default=service.MANUAL, show_default=True, help="One word.")
@click.option("--note", default="", help="A note for yourself.")
def add(addresses: tuple[str, ...], reason: str, note: str) -> None:
    """Suppress ADDRESSES: they are not mailed again."""
    with open_store_of(load()) as store:
        for address in addresses:
            new = service.suppress(store, SystemClock(), address, by=who(), reason=reason, note=note)
            click.echo(f"{address}: " + ("suppressed" if new else "was already suppressed; its first reason stays"))


@command.command()
@click.argument("address")
def remove(address: str) -> None:
    """Allow ADDRESS to be mailed again. Do this only when the person asked for it."""
    with open_store_of(load()) as store:
        if not service.end_suppression(store, address):
            raise NotFoundError(f"{address} is not suppressed: `postlude suppressions list {address}` looks for it")
    click.echo(f"{address} may be mailed again")


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", default=service.MANUAL, show_default=True, help="For files without a `reason` column.")
def import_file(file: Path, reason: str) -> None:
    """Suppress every address in FILE (CSV or spreadsheet), such as another system's export."""
    with open_store_of(load()) as store:
        done = service.import_suppressions(store, SystemClock(), file, who(), reason, _say)
    click.echo(f"{done.new:,} suppressed, {done.known:,} were already suppressed, {done.wrong:,} rejected")


@command.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
def export(file: Path) -> None:
    """Write the list as CSV to FILE (default: standard output)."""
    with open_store_of(load()) as store, csv_file(file) as out:
        total = service.export_suppressions(store, out)
    click.echo(f"{total:,} addresses", err=True)


def _say(line: int, value: str, reason: str, remedy: str) -> None:
    click.echo(f"line {line}: {value!r} {reason}: {remedy}", err=True)
