"""`postlude reclassify`: judge the whole history again by the rules of this version."""

import sys
import time
from collections.abc import Generator
from contextlib import closing, suppress

import click
import msgspec

from postlude.app.commands.reclassify import reclassify_offline
from postlude.cli.control_client import ask
from postlude.cli.output import print_json
from postlude.config import Settings, load
from postlude.services.digest.reclassify import ReclassifyProgress

_LOOK_SECONDS = 0.5


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(as_json: bool) -> None:
    """Judge every open and click again that was judged by older rules, and update the counts.

    Works whether or not Postlude runs. Ctrl-C stops it; the next run continues from there.
    """
    settings = load()
    first = _asked(settings, "start")
    progress = None
    with closing(_running(settings) if first else reclassify_offline(settings)) as steps:
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
    click.echo(
        f"{progress.done:,} events judged by rules {progress.rules_version}, {progress.changed:,} verdicts changed"
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


def _asked(settings: Settings, action: str) -> ReclassifyProgress | None:
    answer = ask(settings, "reclassify", do=action)
    return None if answer is None else msgspec.convert(answer, ReclassifyProgress)


def _line(progress: ReclassifyProgress) -> str:
    rate = progress.done / progress.seconds if progress.seconds else 0.0
    left = f", {(progress.total - progress.done) / rate:.0f} s left" if rate and progress.done else ""
    return f"{progress.done:,} of {progress.total:,} events, {rate:,.0f} a second{left}"
