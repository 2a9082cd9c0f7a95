"""`postlude reclassify`: judge the whole history again by the rules of this version."""

import click
import msgspec

from postlude.app.commands.history_work import reclassify_offline
from postlude.classify import VERDICT_WORDS
from postlude.cli.output import print_json
from postlude.cli.server.history_progress import HistoryCommand, pace_line
from postlude.config import load
from postlude.kit.clock import day_start
from postlude.model.errors import InputError
from postlude.services.digest.reclassify import ReclassifyProgress


@click.command()
@click.option("--dry-run", is_flag=True, help="Change nothing; show what would change.")
@click.option("--since", default="", metavar="DAY", help="Only what was seen on this day (UTC) or later: 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(as_json: bool, dry_run: bool, since: str) -> None:
    """Judge every open and click again that was judged by older rules, and update the counts.

    Works whether or not Postlude runs. Ctrl-C stops it; the next run continues from there.
    """
    settings = load()
    begin = _moment(since)
    work = HistoryCommand("reclassify", ReclassifyProgress, lambda progress: pace_line(progress, "events"))
    offline = reclassify_offline(settings, begin, dry_run=dry_run)
    progress = work.run(settings, offline, quiet=as_json, since=str(begin), dry_run=str(int(dry_run)))
    if as_json:
        print_json(msgspec.to_builtins(progress))
        return
    would = "would change" if progress.dry_run else "changed"
    for change, count in progress.changes.items():
        kind, old, new = change.split()
        words = f"{VERDICT_WORDS.get(old, old)} -> {VERDICT_WORDS.get(new, new)}"
        click.echo(f"{count:>12,}  {kind}: {words}")
    click.echo(
        f"{progress.done:,} events judged by rules {progress.rules_version}, {progress.changed:,} verdicts {would}"
        if progress.done
        else f"nothing to do: every event was judged by rules {progress.rules_version}"
    )


def _moment(day: str) -> int:
    try:
        return day_start(day) if day else 0
    except ValueError as error:
        raise InputError(f"--since {day!r}: write a day such as 2026-01-31") from error
