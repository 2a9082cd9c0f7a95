"""`postlude networks`: the lists of networks that verdicts rest on."""

from pathlib import Path

import click

from postlude.adapters.country_table import write_countries
from postlude.adapters.network_lists import (
    COUNTRIES,
    OWN_RULES,
    import_crawlers,
    import_list,
    import_own_rules,
    load_crawlers,
    load_lists,
    load_own_rules,
    open_countries,
)
from postlude.app.build.list_health import lists_found
from postlude.app.data_folder import DataFolder
from postlude.classify.network_lists import CRAWLERS
from postlude.cli.message_file import read_bytes
from postlude.cli.output import print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_iso
from postlude.model.errors import InputError
from postlude.services.list_health import old_lists


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show the lists of networks and crawlers, and your own rules: date, size, licence, source."""
    if context.invoked_subcommand is not None:
        return
    folder = DataFolder(load().data).networks
    rows, problems = _rows(folder)
    old = old_lists(lists_found(folder).dated, SystemClock().now())
    if as_json:
        print_json({"lists": rows, "problems": problems, "older_than_a_year": old})
        return
    print_table([[str(row[key]) for key in ("name", "date", "entries", "licence", "source")] for row in rows])
    if open_countries(folder) is None:
        click.echo("no table of countries: `postlude networks import country FILE`")
    if old:
        click.echo(f"older than a year: {', '.join(old)}; `postlude networks import NAME FILE` takes newer ones")
    for problem in problems:
        click.echo(f"postlude: {problem}", err=True)


def _rows(folder: Path) -> tuple[list[dict[str, object]], list[str]]:
    lists, problems = load_lists(folder)
    crawlers, more = load_crawlers(folder)
    rules, most = load_own_rules(folder)
    rows = [_row(one.name, one.date, len(one.networks), one.licence, one.source) for one in lists]
    rows.append(_row(CRAWLERS, crawlers.date, len(crawlers.patterns), crawlers.licence, crawlers.source))
    if rules is not None and rules.rules:
        rows.append(_row(OWN_RULES, "", len(rules.rules), "", "your own"))
    if (countries := open_countries(folder)) is not None:
        rows.append(_row("country", countries.date, len(countries), "", countries.source))
    return rows, [*problems, *more, *most]


def _row(name: str, date: str, entries: int, licence: str, source: str) -> dict[str, object]:
    return {"name": name, "date": date, "entries": entries, "licence": licence, "source": source}


@command.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", default="", help="Where the file is from; shown with the list.")
def import_file(name: str, file: Path, source: str) -> None:
    r"""Replace the list NAME with FILE (- for standard input).

    FILE has one network per line, or is CSV whose first column is a network.

    Running edges use it within a minute, for hits from then on. For example, Apple's exact egress list:

    postlude networks import apple_egress egress-ip-ranges.csv

    `crawlers` takes user agents, one regular expression per line. `own-rules` takes your own rules, which go before
    every list:

    \b
    network 203.0.113.0/24 self     our office
    agent "Acme Reader" human       what a customer reads with

    `country` imports a table of countries, with lines such as 192.0.2.0/24,DE or 192.0.2.0,192.0.2.255,DE: then every
    hit is stored with its country.
    """
    folder = DataFolder(load().data)
    folder.prepare([])
    told = source or file.name
    lists, _ = load_lists(folder.networks)
    text, now = read_bytes(file).decode("utf-8", "replace"), SystemClock().now()
    if name == "country":
        today = to_iso(now)[:10]
        count = write_countries(folder.networks / COUNTRIES, text.splitlines(), date=today, source=told)
        click.echo(f"country: {count} ranges, dated {today}")
    elif name == OWN_RULES:
        click.echo(f"{OWN_RULES}: {len(import_own_rules(folder.networks, text).rules)} rules")
    elif name == CRAWLERS:
        crawlers = import_crawlers(folder.networks, text, source=told, now=now)
        click.echo(f"{CRAWLERS}: {len(crawlers.patterns)} patterns, dated {crawlers.date}")
    elif name in {one.name for one in lists}:
        done = import_list(folder.networks, name, text, source=told, now=now)
        click.echo(f"{done.name}: {len(done.networks)} networks, dated {done.date}")
    else:
        there = sorted([*(one.name for one in lists), CRAWLERS, OWN_RULES, "country"])
        raise InputError(f"there is no list {name!r}; there are: {', '.join(there)}")
