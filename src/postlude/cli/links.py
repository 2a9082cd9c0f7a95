"""`postlude links`: which links of a message file would be tracked, and why not the others."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from postlude.cli.output import print_json, print_table
from postlude.instrument import LinkReport, Policy, find_links
from postlude.model.errors import InputError


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


def read_file(file: Path) -> bytes:
    """Return the file's bytes; InputError when it cannot be read or is no message."""
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    if b"\n\n" not in raw.replace(b"\r\n", b"\n"):
        raise InputError(f"{file} is not a message: it needs header lines such as 'From: a@b.c', then a blank line")
    return raw


def links_of(reports: Iterable[LinkReport]) -> list[dict[str, object]]:
    """The public shape of link reports."""
    return [
        {"position": r.position, "url": r.url, "label": r.label, "tracked": r.tracked, "reason": str(r.reason)}
        for r in reports
    ]
