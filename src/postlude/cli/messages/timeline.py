"""`postlude timeline`: what became of a message, or of all mail to an address."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from postlude.app.commands.stores import offline_stores
from postlude.cli.control_client import ask
from postlude.cli.output import csv_file, print_json, print_table
from postlude.config import load
from postlude.kit.clock import to_datetime
from postlude.kit.csv_table import row_text
from postlude.model.errors import NotFoundError
from postlude.services.reports.event_table import EVENT_COLUMNS, event_row
from postlude.services.reports.messages import Reports
from postlude.services.reports.public_json import story

_MARKS = {
    "queued": "…",
    "sending": "…",
    "sent": "✓",
    "deferred": "~",
    "rejected": "!",
    "indeterminate": "?",
    "expired": "!",
}


@click.command()
@click.argument("query", metavar="ADDRESS|MESSAGE-ID")
@click.option(
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Newest messages shown when an address has several.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--csv", "table", type=click.Path(path_type=Path), help="Write the events to this file as a table (-: print it)."
)
def command(query: str, limit: int, as_json: bool, table: Path | None) -> None:
    """Show what became of a message, by its Message-ID or id, or of all mail to (or from) an address.

    Asks the running Postlude; when none runs, it reads the stores itself.
    """
    settings = load()
    answer = ask(settings, "timeline", query=query, limit=str(limit))
    if answer is None:
        with offline_stores(settings) as (store, history):
            answer = story(Reports(store, history), query, limit)
    if not answer["messages"]:
        raise NotFoundError(
            f"no message found for {query!r}: give a recipient's address, a Message-ID or a message's id"
        )
    if table is not None:
        with csv_file(table) as out:
            out.writelines(map(row_text, _rows(answer)))
        return
    if as_json:
        print_json(answer)
        return
    for number, found in enumerate(answer["messages"]):
        if number:
            click.echo()
        _show(found["message"], found["timeline"])


def _show(message: dict[str, Any], timeline: list[dict[str, Any]]) -> None:
    click.echo(click.style(message["subject"] or "(no subject)", bold=True))
    click.echo(
        f"{message['message_id']}  from {message['sender']}  {_when(message['created_at'])} via {message['via']}"
        f"  {message['purpose']}"
    )
    click.echo()
    print_table([[_mark(copy), copy["recipient"], _summary(copy)] for copy in message["copies"]])
    links = [link for link in message["links"] if link["tracked"]]
    if links:
        click.echo()
        print_table([[f"link {link['position']}", f"{link['clicks']} clicks", link["url"]] for link in links])
    click.echo()
    print_table([[_when(entry["at"]), entry["recipient"], entry["summary"], _why(entry)] for entry in timeline])


def _rows(answer: dict[str, Any]) -> Iterator[Sequence[str]]:
    yield EVENT_COLUMNS
    for found in answer["messages"]:
        yield from map(event_row, found["timeline"])


def _why(entry: dict[str, Any]) -> str:
    """How sure the verdict is, why, and that it was another one first."""
    shown = ": ".join(part for part in (entry["sure"], entry["why"]) if part)
    return " ".join(part for part in (shown, entry["correction"]) if part)


def _mark(copy: dict[str, Any]) -> str:
    if copy["bounced_at"] or copy["complained_at"]:
        return "!"
    return "✓✓" if copy["opens"] else _MARKS.get(copy["status"], "!")


def _summary(copy: dict[str, Any]) -> str:
    reported = [copy["status"] if not copy["delivered"] else f"delivered ({copy['delivered']})"]
    if copy["bounced_at"]:
        reported = [f"bounced: {copy['bounce_reason']}"]
    if copy["opens"]:
        reported.append(f"opened {_times(copy['opens'])}, last {_when(copy['last_open_at'])}")
    if copy["opens_unknown"]:
        reported.append(f"{copy['opens_unknown']} opens by a person or a machine")
    if copy["clicks"]:
        reported.append(f"clicked {_times(copy['clicks'])}")
    reported += [word for word in ("replied", "unsubscribed", "complained") if copy[f"{word}_at"]]
    return ", ".join(reported)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _when(micros: int) -> str:
    return to_datetime(micros).astimezone().strftime("%Y-%m-%d %H:%M:%S")
