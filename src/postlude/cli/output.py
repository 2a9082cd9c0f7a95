"""How commands print: JSON for programs, aligned text for people."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
import msgspec

from postlude.model.errors import InputError

if TYPE_CHECKING:
    from postlude.store.jobs.rows import Job


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


@contextmanager
def csv_file(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """The file (`-`: standard output) to write a table to; InputError when it cannot be written."""
    where: int | Path = sys.stdout.fileno() if str(path) == "-" else path
    try:
        with open(where, "w", encoding=encoding, newline="", closefd=where is path) as out:
            yield out
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


class ProgressLine:
    """One line with the progress of long work, if the output is a terminal."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._shown = not quiet and sys.stderr.isatty()

    def show(self, job: "Job") -> None:
        """Update the line."""
        if not self._shown:
            return
        from postlude.services.jobs import duration, pace  # noqa: PLC0415 - not every command has the store

        now = pace(job)
        reported = [f"{job.done:,} of {job.total:,} {job.unit}" if job.total else f"{job.done:,} {job.unit}"]
        reported += [f"{now.percent} %"] if job.total else []
        reported += [f"{now.per_second:,.0f}/s"] if now.per_second else []
        reported += [f"{duration(now.seconds_left)} left"] if now.seconds_left else []
        reported += [f"{wrong:,} not taken"] if (wrong := job.counts.get("wrong")) else []
        self.write("  ".join(reported))

    def write(self, text: str) -> None:
        """Replace the line's text."""
        if self._shown:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)
