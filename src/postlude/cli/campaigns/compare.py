"""`postlude campaigns compare`."""

from typing import Final

import click

from postlude.analytics import NormalRange
from postlude.app.build.campaigns import campaign_services
from postlude.cli.output import print_json, print_table
from postlude.cli.whose import user_or_first
from postlude.config import load
from postlude.kit.clock import to_iso
from postlude.services.campaigns.breakdown import RATES, Comparison
from postlude.services.campaigns.comparison import (
    ORDERS,
    CampaignLine,
    SideBySide,
    campaign_table,
    compare_campaigns,
    sorted_lines,
)
from postlude.services.campaigns.drafts import find_campaign

_MARKS: Final = {"above": "+", "below": "-", "": " "}


@click.command()
@click.argument("campaigns", nargs=-1)
@click.option("--sort", default="started", show_default=True, type=click.Choice(ORDERS), help="What decides the order.")
@click.option("--ascending", is_flag=True, help="The lowest first.")
@click.option("--user", default="", help="Whose campaigns. Default: the first user's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(campaigns: tuple[str, ...], sort: str, ascending: bool, user: str, as_json: bool) -> None:
    """Show the rates of all campaigns in a table, or of two to six CAMPAIGNS side by side.

    + and - mark rates above or below what is usual for the user, with their whole 95 % interval.
    """
    with campaign_services(load()) as services:
        if campaigns:
            found = compare_campaigns(services.store, [find_campaign(services.store, one) for one in campaigns])
            if as_json:
                print_json(found)
            else:
                _print_side_by_side(found)
            return
        table = campaign_table(services.store, user_or_first(services.store, user))
    lines = sorted_lines(table.lines, sort, ascending=ascending)
    if as_json:
        print_json({"campaigns": lines, "usual": table.usual})
    elif not lines:
        click.echo("no campaign was sent yet")
    else:
        _print_lines(lines, table.usual)


def _print_lines(lines: list[CampaignLine], usual: dict[str, NormalRange]) -> None:
    rows = [["sent", "copies", *RATES, "campaign"]]
    rows += [
        [
            to_iso(line.started_at)[:10],
            f"{line.funnel.copies:,}",
            *(_cell(line.rates[name]) for name in RATES),
            line.name,
        ]
        for line in lines
    ]
    if usual:
        ranges = [_range(usual[name]) if name in usual else "" for name in RATES]
        rows.append(["", "", *ranges, "usual: median (80 % band)"])
    print_table(rows)


def _cell(one: Comparison) -> str:
    if not one.rate.of:
        return "-"
    return f"{100 * one.rate.value:.1f} % of {one.rate.of:,}{_MARKS[one.standing]}".rstrip()


def _range(normal: NormalRange) -> str:
    return f"{100 * normal.median:.1f} ({100 * normal.low:.1f} to {100 * normal.high:.1f}) %"


def _print_side_by_side(found: SideBySide) -> None:
    rows = [["", *(line.name for line in found.lines), "usual"]]
    rows.append(["copies", *(f"{line.funnel.copies:,}" for line in found.lines), ""])
    for name in RATES:
        cells = []
        for line, apart in zip(found.lines, found.differences, strict=True):
            more = f", {100 * apart[name].value:+.1f} points" if name in apart else ""
            cells.append(_cell(line.rates[name]) + more)
        rows.append([name, *cells, _range(found.usual[name]) if name in found.usual else ""])
    print_table(rows)


commands = {"compare": compare}
