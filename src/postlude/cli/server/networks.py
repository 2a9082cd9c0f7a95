"""`postlude networks`: the lists of networks that verdicts rest on."""

from pathlib import Path

import click

from postlude.adapters.country_table import write_countries
from postlude.app.build.network_lists import COUNTRIES, import_list, load_lists, open_countries
from postlude.app.data_folder import DataFolder
from postlude.cli.message_file import read_bytes
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.model.errors import InputError


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the lists of networks (mail filters, image proxies, Apple's egress): date, size, source."""
    if context.invoked_subcommand is not None:
        return
    lists, problems = load_lists(DataFolder(load().data).networks)
    countries = open_countries(DataFolder(load().data).networks)
    rows = [{"name": o.name, "date": o.date, "networks": len(o.networks), "source": o.source} for o in lists]
    if countries is not None:
        rows.append({"name": "country", "date": countries.date, "networks": len(countries), "source": countries.source})
    if as_json:
        print_json({"lists": rows, "problems": problems})
    else:
        print_table([[str(row[key]) for key in ("name", "date", "networks", "source")] for row in rows])
        if countries is None:
            click.echo("no table of countries: `postlude networks import country FILE`")
        for problem in problems:
            click.echo(f"postlude: {problem}", err=True)


@command.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", default="", help="Where the file is from; shown with the list.")
def import_file(name: str, file: Path, source: str) -> None:
    """Replace the list NAME with FILE (- for standard input).

    FILE has one network per line, or is CSV whose first column is a network.

    Running edges use it within a minute, for hits from then on. For example, Apple's exact egress list:

    postlude networks import apple_egress egress-ip-ranges.csv

    `country` imports a table of countries, with lines such as 192.0.2.0/24,DE or 192.0.2.0,192.0.2.255,DE: then every
    hit is stored with its country.
    """
    folder = DataFolder(load().data)
    if name == "country":
        folder.prepare()
        lines = read_bytes(file).decode("utf-8", "replace").splitlines()
        today = to_iso(SystemClock().now())[:10]
        count = write_countries(folder.networks / COUNTRIES, lines, date=today, source=source or file.name)
        click.echo(f"country: {count} ranges, dated {today}")
        return
    lists, _ = load_lists(folder.networks)
    if name not in {one.name for one in lists}:
        raise InputError(f"there is no list {name!r}; there are: {', '.join(sorted(one.name for one in lists))}")
    folder.prepare()
    text = read_bytes(file).decode("utf-8", "replace")
    done = import_list(folder.networks, name, text, source=source or file.name, now=SystemClock().now())
    click.echo(f"{done.name}: {len(done.networks)} networks, dated {done.date}")
