"""`postlude feedback`: what came back. `parse` reads it from files and needs no server and no database."""

import json
from pathlib import Path

import click
import msgspec

from postlude.cli.feedback.review_queue import accept, assign, dismiss, hooks, unmatched
from postlude.cli.output import print_table
from postlude.feedback import Finding, parse
from postlude.model.errors import InputError


@click.group()
def command() -> None:
    """Read returned mail: bounces, complaints, receipts, auto-replies, replies."""


for part in (unmatched, assign, accept, dismiss, hooks):
    command.add_command(part)


@command.command("parse")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per finding, each on a line.")
@click.option(
    "--known",
    type=click.Path(path_type=Path),
    help="File with the addresses that were mailed, one per line: finds more recipients.",
)
def parse_files(files: tuple[Path, ...], as_json: bool, known: Path | None) -> None:
    """Print what each of FILES means, one line per finding. A folder stands for the files in it.

    The files that cannot be read are listed at the end, and the exit code is 2.
    """
    addresses = _addresses(known) if known else ()
    unreadable: list[str] = []
    rows: list[list[str]] = []
    for file in (path for given in files for path in _inside(given)):
        try:
            raw = file.read_bytes()
        except OSError as error:
            unreadable.append(f"{file}: {error.strerror or error}")
            continue
        for finding in parse(raw, known=addresses):
            if as_json:
                click.echo(json.dumps({"file": str(file), **msgspec.to_builtins(finding)}, ensure_ascii=False))
            else:
                rows.append(_row(file, finding))
    if rows:
        print_table(rows)
    if unreadable:
        raise InputError("could not read " + "; ".join(unreadable))


def _inside(path: Path) -> list[Path]:
    return sorted(item for item in path.iterdir() if item.is_file()) if path.is_dir() else [path]


def _addresses(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--known {path}: {error}") from error
    return tuple(line for line in lines if "@" in line)


def _row(file: Path, finding: Finding) -> list[str]:
    reported = finding.diagnostic or " ".join(finding.text.split())
    return [
        file.name,
        finding.kind.value,
        finding.recipient or "-",
        finding.reason.value,
        finding.status,
        reported[:80],
    ]
