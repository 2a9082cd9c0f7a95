"""`postlude rebuild`: make all counts anew from the history."""

import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress

import click
import msgspec

from postlude.app.commands.rebuild import rebuild_offline
from postlude.cli.control_client import ask
from postlude.cli.output import print_json
from postlude.config import Settings, load
from postlude.services.digest.rebuild_all import RebuildProgress

_LOOK_SECONDS = 0.5


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(as_json: bool) -> None:
    """Make every count anew from the history: of copies, links, messages and campaigns, by hour and program.

    Works whether or not Postlude runs; links and pixels keep working, and what comes meanwhile is counted. Ctrl-C stops
    it; the next run continues from there. Messages older than events are kept (POSTLUDE_KEEP_EVENTS_DAYS) stay as they
    are.
    """
    settings = load()
    progress = None
    with closing(_running(settings) if _asked(settings, "start") else rebuild_offline(settings)) as steps:
        try:
            for progress in steps:
                if not as_json and sys.stderr.isatty():
                    click.echo(f"\r{_line(progress)}\033[K", nl=False, err=True)
        except KeyboardInterrupt:
            with suppress(Exception):
                _asked(settings, "stop")
            click.echo("\nstopped; `postlude rebuild` continues from here", err=True)
            raise
    assert progress is not None
    if as_json:
        print_json(msgspec.to_builtins(progress))
        return
    if sys.stderr.isatty():
        click.echo(err=True)
    click.echo(f"{progress.done:,} copies made anew from {progress.events:,} events in {progress.seconds:.1f} s")


def _running(settings: Settings) -> Generator[RebuildProgress, None, None]:
    """The running app's progress until it is done."""
    while progress := _asked(settings, "look"):
        yield progress
        if not progress.running:
            return
        time.sleep(_LOOK_SECONDS)


def _asked(settings: Settings, action: str) -> RebuildProgress | None:
    answer = ask(settings, "rebuild", do=action)
    return None if answer is None else msgspec.convert(answer, RebuildProgress)


def _line(progress: RebuildProgress) -> str:
    rate = progress.done / progress.seconds if progress.seconds else 0.0
    left = f", {(progress.total - progress.done) / rate:.0f} s left" if rate and progress.done else ""
    return f"{progress.done:,} of {progress.total:,} copies, {progress.events:,} events{left}"
