"""How commands print: JSON for programs, aligned text for people."""

from collections.abc import Sequence

import click
import msgspec


def print_json(value: object) -> None:
    """One JSON document, indented, keys in the order of the shape."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns aligned by spaces; the last one is not padded."""
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
