"""`postlude links`: which links of a message file would be tracked, and why not the others."""

from collections.abc import Iterable
from pathlib import Path

import click

from postlude.cli.message_file import read_file
from postlude.cli.output import print_json, print_table
from postlude.instrument import LinkReport, Policy, find_links


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--json", "as_json", is_flag=True, help='Print {"links": [{"position", "url", "label", "tracked", "reason"}]}.'
)
def command(file: Path, as_json: bool) -> None:
    """List the links of FILE (- for standard input) and say which would be tracked, and why not the others."""
    rows = links_of(find_links(read_file(file), Policy()))
    if as_json:
        print_json({"links": rows})
    elif not rows:
        click.echo("no links")
    else:
        table = [
            [str(r["position"]), "tracked" if r["tracked"] else str(r["reason"]), f"{r['url']}  {r['label']}"]
            for r in rows
        ]
        print_table(table)


def links_of(reports: Iterable[LinkReport]) -> list[dict[str, object]]:
    """The public shape of link reports."""
    return [
        {"position": r.position, "url": r.url, "label": r.label, "tracked": r.tracked, "reason": str(r.reason)}
        for r in reports
    ]
