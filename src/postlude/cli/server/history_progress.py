"""Long work on the history, in the running app or without it: its progress on one line until it is done."""

import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from typing import Generic, Protocol, TypeVar

import click
import msgspec

from postlude.cli.control_client import ask_query
from postlude.cli.output import ProgressLine
from postlude.config import Settings
from postlude.model.errors import PostludeError

_LOOK_SECONDS = 0.5


class HistoryProgress(Protocol):
    """How far the work is."""

    @property
    def running(self) -> bool:
        """There is more to do."""

    @property
    def done(self) -> int:
        """What is done since the start, of `total`."""

    @property
    def total(self) -> int:
        """What there was to do at the start."""

    @property
    def seconds(self) -> float:
        """Since the start."""


Progress = TypeVar("Progress", bound=HistoryProgress)


class HistoryCommand(Generic[Progress]):
    """`postlude NAME`, which the running app does when asked for NAME, and this process otherwise."""

    def __init__(self, name: str, shape: type[Progress], line: Callable[[Progress], str]) -> None:
        self._name = name
        self._shape = shape
        self._line = line

    def run(
        self, settings: Settings, offline: Generator[Progress, None, None], *, quiet: bool, **start: str
    ) -> Progress:
        """Do the work and return its last progress. `offline`: the work without the app; `start`: what the app is told.

        Ctrl-C stops it. PostludeError when the app ends before the work does.
        """
        begun = self._asked(settings, "start", **start)
        shown, progress = ProgressLine(quiet=quiet), None
        with closing(self._in_app(settings, begun) if begun else offline) as steps:
            try:
                for progress in steps:
                    shown.write(self._line(progress))
            except KeyboardInterrupt:
                shown.end()
                with suppress(Exception):
                    self._asked(settings, "stop")
                click.echo(f"stopped; `postlude {self._name}` continues from here", err=True)
                raise
            finally:
                shown.end()
        assert progress is not None
        return progress

    def _in_app(self, settings: Settings, begun: Progress) -> Generator[Progress, None, None]:
        yield begun
        progress: Progress | None = begun
        while progress and progress.running:
            time.sleep(_LOOK_SECONDS)
            progress = self._asked(settings, "look")
            # An app that was started anew knows nothing of the work.
            if progress is None or progress.total != begun.total:
                raise PostludeError(
                    f"Postlude stopped before all was done: `postlude {self._name}` continues from there"
                )
            yield progress

    def _asked(self, settings: Settings, action: str, **start: str) -> Progress | None:
        answer = ask_query(settings, self._name, {"do": action} | start)
        return None if answer is None else msgspec.convert(answer, self._shape)


def pace_line(progress: HistoryProgress, things: str) -> str:
    """`1,200 of 4,000 copies, 300 a second, 9 s left`."""
    rate = progress.done / progress.seconds if progress.seconds else 0.0
    pace = f", {rate:,.0f} a second, {(progress.total - progress.done) / rate:.0f} s left" if rate else ""
    return f"{progress.done:,} of {progress.total:,} {things}{pace}"
