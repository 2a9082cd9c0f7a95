"""`postlude rebuild`: make all counts anew from the history."""

import click
import msgspec

from postlude.app.commands.history_work import rebuild_offline
from postlude.cli.output import print_json
from postlude.cli.server.history_progress import HistoryCommand, pace_line
from postlude.config import load
from postlude.services.digest.rebuild_all import RebuildProgress


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(as_json: bool) -> None:
    """Make every count anew from the history: of copies, links, messages and campaigns, by hour and program.

    Works whether or not Postlude runs; links and pixels keep working, and what comes meanwhile is counted. Ctrl-C stops
    it; the next run continues from there. Messages older than events are kept (POSTLUDE_KEEP_EVENTS_DAYS) stay as they
    are.
    """
    settings = load()
    work = HistoryCommand("rebuild", RebuildProgress, _line)
    progress = work.run(settings, rebuild_offline(settings), quiet=as_json)
    if as_json:
        print_json(msgspec.to_builtins(progress))
        return
    click.echo(f"{progress.done:,} copies made anew from {progress.events:,} events in {progress.seconds:.1f} s")


def _line(progress: RebuildProgress) -> str:
    return f"{pace_line(progress, 'copies')}; {progress.events:,} events"
