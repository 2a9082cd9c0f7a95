"""`postlude reclassify`: judge the whole history again by the rules of this version."""

import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress

import click
import msgspec

from postlude.app.commands.reclassify import reclassify_offline
from postlude.classify import VERDICT_WORDS
from postlude.cli.control_client import ask
from postlude.cli.output import print_json
from postlude.config import Settings, load
from postlude.kit.clock import day_start
from postlude.model.errors import InputError
from postlude.services.digest.reclassify import ReclassifyProgress

_LOOK_SECONDS = 0.5


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
    first = _asked(settings, "start", since=str(begin), dry_run=str(int(dry_run)))
    progress = None
    with closing(_running(settings) if first else reclassify_offline(settings, begin, dry_run=dry_run)) as steps:
        try:
            for progress in steps:
                if not as_json and sys.stderr.isatty():
                    click.echo(f"\r{_line(progress)}\033[K", nl=False, err=True)
        except KeyboardInterrupt:
            with suppress(Exception):
                _asked(settings, "stop")
            click.echo("\nstopped; `postlude reclassify` continues from here", err=True)
            raise
    assert progress is not None
    if as_json:
        print_json(msgspec.to_builtins(progress))
        return
    if sys.stderr.isatty():
        click.echo(err=True)
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


def _running(settings: Settings) -> Generator[ReclassifyProgress, None, None]:
    """The running app's progress until it is done."""
    while progress := _asked(settings, "look"):
        yield progress
        if not progress.running:
            return
        time.sleep(_LOOK_SECONDS)


def _moment(day: str) -> int:
    try:
        return day_start(day) if day else 0
    except ValueError as error:
        raise InputError(f"--since {day!r}: write a day such as 2026-01-31") from error


def _asked(settings: Settings, action: str, since: str = "0", dry_run: str = "0") -> ReclassifyProgress | None:
    answer = ask(settings, "reclassify", do=action, since=since, dry_run=dry_run)
    return None if answer is None else msgspec.convert(answer, ReclassifyProgress)


def _line(progress: ReclassifyProgress) -> str:
    rate = progress.done / progress.seconds if progress.seconds else 0.0
    left = f", {(progress.total - progress.done) / rate:.0f} s left" if rate and progress.done else ""
    return f"{progress.done:,} of {progress.total:,} events, {rate:,.0f} a second{left}"
