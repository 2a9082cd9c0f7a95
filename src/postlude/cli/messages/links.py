"""`postlude links`: which links of a message file would be tracked, and why not the others."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from postlude.cli.message_file import read_file
from postlude.cli.messages.tracking_options import policy_of, with_policy
from postlude.cli.output import print_json, print_table
from postlude.instrument import CompiledMessage, LinkReport, PartReport, look_at


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_policy
@click.option("--json", "as_json", is_flag=True, help='Print {"opens", "links": [...], "skipped_parts": [...]}.')
def command(file: Path, as_json: bool, **switches: Any) -> None:  # noqa: ANN401 - see tracking_options
    """List the links of FILE (- for standard input), which of them would be tracked, and why the others would not."""
    seen = look_at(read_file(file), policy_of(switches))
    if as_json:
        print_json({"opens": seen.opens, "links": links_of(seen.links), "skipped_parts": parts_of(seen.skipped_parts)})
    else:
        print_links(seen)


def print_links(seen: CompiledMessage) -> None:
    """For people: the links, the parts that stay, and what the reasons mean."""
    if seen.links:
        print_table([_row(one) for one in seen.links])
    else:
        click.echo("no links")
    click.echo(f"\nopens: {'one pixel' if seen.opens else 'no pixel'}")
    for part in seen.skipped_parts:
        click.echo(f"{_name(part)} stays as it is: {part.reason}")
    reasons = {one.reason for one in seen.links if not one.tracked} | {one.reason for one in seen.skipped_parts}
    if reasons:
        click.echo()
        print_table([[str(reason), reason.meaning] for reason in sorted(reasons)])


def _row(link: LinkReport) -> list[str]:
    state = "tracked" if link.tracked else str(link.reason)
    return [str(link.position), state, link.where, visible(f"{link.url}  {link.label}")]


def _name(part: PartReport) -> str:
    if not part.path:
        return "the message"
    return visible(f"part {part.path} ({part.content_type or 'no type'})")


def visible(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def links_of(reports: Iterable[LinkReport]) -> list[dict[str, object]]:
    """The public shape of link reports."""
    return [
        {
            "position": r.position,
            "url": r.url,
            "label": r.label,
            "tracked": r.tracked,
            "reason": str(r.reason),
            "where": r.where,
        }
        for r in reports
    ]


def parts_of(reports: Iterable[PartReport]) -> list[dict[str, object]]:
    """The public shape of part reports."""
    return [{"path": r.path, "content_type": r.content_type, "reason": str(r.reason)} for r in reports]
