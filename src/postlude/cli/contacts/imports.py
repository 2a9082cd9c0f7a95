"""`postlude contacts import` and `imports`: a file of contacts, with its progress and its bad rows."""

import sys
from pathlib import Path

import click

from postlude.app.commands.stores import open_store_of
from postlude.cli.operator import who
from postlude.cli.output import ProgressLine, csv_file, print_json, print_table
from postlude.config import load
from postlude.kit.clock import SystemClock, to_datetime
from postlude.kit.csv_table import CsvTable
from postlude.kit.ids import id_text, new_id, parse_id
from postlude.model.contact_fields import FIELD_NAMES
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import JobStatus, Purpose
from postlude.services.contacts.by_name import list_ids
from postlude.services.contacts.columns import TARGETS
from postlude.services.contacts.import_job import (
    KIND,
    ImportOrder,
    claim_import,
    import_summary,
    order_import,
    preview_import,
    run_import,
    write_errors,
)
from postlude.store import Store
from postlude.store.jobs.rows import Job

_SHOWN_ERRORS = 5
_WORDS = {
    "added": "added",
    "updated": "updated",
    "unchanged": "known and unchanged",
    "repeated": "repeated within the file",
    "wrong": "not taken",
    "blank": "blank rows",
    "suppressed": "on the suppression list: kept, never mailed",
    "left": "had left a list: stay away from it",
    "withdrawn": "withdraw consent, as the file states",
    "ended": "get no more mailings, or no mail, as the file states",
    "unproven": "are stated to have agreed: not recorded without --agreed",
}


@click.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--list", "lists", multiple=True, help="Subscribe them to this list; may be repeated.")
@click.option("--tag", "tags", multiple=True, help="Tag them; may be repeated.")
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=TARGET", help=(
    f"Meaning of a column: {', '.join(f'`{name}`' for name in TARGETS)}, a custom field's name, or - to leave it out. "
    "COLUMN is its header, or #2 for the second. May be repeated."
))  # fmt: skip
@click.option(
    "--known",
    type=click.Choice(["update", "fill", "skip"]),
    default="update",
    show_default=True,
    help="For contacts that exist: the file's values replace theirs, fill empty fields, or change nothing.",
)
@click.option("--consent", type=click.Choice([p.value for p in Purpose]), multiple=True, help=(
    "They agreed to this; may be repeated. Needs --agreed."
))  # fmt: skip
@click.option("--agreed", default="", help="Where and when they agreed: stored as the proof of their consent.")
@click.option("--agreed-text", default="", help="The sentence they agreed to.")
@click.option("--encoding", default="", help="Of a text file, such as windows-1252. Default: detected.")
@click.option("--delimiter", default="", help="Of a text file. Default: detected.")
@click.option("--sheet", default="", help="Of a spreadsheet. Default: the first visible one.")
@click.option("--dry-run", is_flag=True, help="Show what would happen; change nothing.")
@click.option(
    "--errors", "errors_file", type=click.Path(path_type=Path), help="Write the rejected rows to this CSV file."
)
@click.option("--resume", default="", metavar="JOB", help="Resume an interrupted import.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_file(  # noqa: PLR0917 - one parameter an option
    file: Path | None,
    lists: tuple[str, ...],
    tags: tuple[str, ...],
    mapping: tuple[str, ...],
    known: str,
    consent: tuple[str, ...],
    agreed: str,
    agreed_text: str,
    encoding: str,
    delimiter: str,
    sheet: str,
    dry_run: bool,
    errors_file: Path | None,
    resume: str,
    as_json: bool,
) -> None:
    """Import the contacts of FILE: CSV in any encoding and with any delimiter, .xlsx, .xls or .ods.

    The column with the addresses is found by its header or its content. Columns that state a wish (consent,
    unsubscribed, do_not_track ... and what other products call them) are recorded as such. The others become custom
    fields. A row that
    cannot be imported does not stop the rest: it is listed with its line, the reason and the remedy. After an
    interruption (Ctrl-C, a crash, a power cut), --resume continues the import, and no row is imported twice. Suppressed
    addresses stay suppressed, and contacts who left a list stay off it.
    """
    clock = SystemClock()
    with open_store_of(load()) as store:
        owner = f"command {new_id()}"
        if resume:
            job = claim_import(store, clock, owner, job_named(store, resume).id)
        elif file is None:
            raise InputError("name a file, or resume an import with --resume: `postlude contacts imports` lists them")
        else:
            order = ImportOrder(
                file=str(file.resolve()),
                encoding=encoding,
                delimiter="\t" if delimiter in {"tab", "\\t"} else delimiter,
                sheet=sheet,
                mapping=_mapping(mapping),
                policy=known,  # type: ignore[arg-type]  # one of the option's choices
                lists=list_ids(store, lists),
                tags=tags,
                consent=tuple(Purpose(one) for one in consent),
                agreed=agreed,
                agreed_text=agreed_text,
                dry_run=dry_run,
            )
            if not as_json:
                _explain(order)
            job = order_import(store, clock, order, who(), owner)
        if job is None:
            status = job_named(store, resume).status.value
            raise InputError(f"import {resume} is {status}: it cannot be resumed")
        progress = ProgressLine(quiet=as_json)
        try:
            done = run_import(store, clock, job, progress.show)
        except KeyboardInterrupt:
            progress.end()
            click.echo(f"interrupted; go on with: postlude contacts import --resume {id_text(job.id)}", err=True)
            sys.exit(130)
        progress.end()
        _finish(store, done.job, errors_file, as_json)


@click.command()
@click.argument("job", default="")
@click.option("--errors", "errors_file", type=click.Path(path_type=Path, allow_dash=True), help=(
    "Write the rejected rows of JOB to this CSV file (- for standard output)."
))  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def imports(job: str, errors_file: Path | None, as_json: bool) -> None:
    """List imports, the newest first; or show one import and write its rejected rows to a file."""
    with open_store_of(load()) as store:
        found = [job_named(store, job)] if job else store.jobs.latest(KIND)
        if errors_file is not None:
            if not job:
                raise InputError("--errors needs the id of an import")
            _write_errors(store, found[0], errors_file)
            return
    if as_json:
        print_json([_as_json(one) for one in found])
    elif not found:
        click.echo("no imports yet: `postlude contacts import FILE`")
    else:
        print_table([[id_text(one.id), _when(one), one.status.value, one.title, _brief(one)] for one in found])


def job_named(store: Store, text: str) -> Job:
    """The import with this id; NotFoundError when there is none."""
    number = parse_id(text)
    if number is None:
        raise NotFoundError(f"{text!r} is not the id of an import: `postlude contacts imports` lists the ids")
    return store.jobs.get(number)


def _explain(order: ImportOrder) -> None:
    seen = preview_import(order)
    shape, columns = seen.shape, seen.columns
    if shape.sheet:
        click.echo(f"sheet {shape.sheet!r}, {shape.lines:,} rows", err=True)
    else:
        guess = ", the likeliest: say --encoding if names look wrong" if shape.guessed else ""
        delimiter = {"\t": "tab"}.get(shape.delimiter, shape.delimiter)
        click.echo(f"{shape.encoding}{guess}; delimiter {delimiter}; {shape.lines:,} lines", err=True)
    click.echo(f"addresses: {columns.names[columns.email]!r}", err=True)
    own = {name.replace("_", " "): columns.own.get(name, -1) for name in FIELD_NAMES}
    named = {**own, "tags": columns.tags}
    for what, number in named.items():
        if number >= 0:
            click.echo(f"{what}: {columns.names[number]!r}", err=True)
    if stated := columns.stated():
        wishes = ", ".join(f"{columns.names[n]!r} as {wish}" for n, wish in sorted(stated.items()))
        click.echo(f"wishes: {wishes}", err=True)
    if columns.fields:
        shown = ", ".join(f"{columns.names[n]!r} as {name}" for n, name in columns.fields.items())
        click.echo(f"custom fields: {shown}", err=True)
    if shape.guessed and seen.rows:
        click.echo(f"first row: {' | '.join(seen.rows[0])}", err=True)


def _finish(store: Store, job: Job, errors_file: Path | None, as_json: bool) -> None:
    if errors_file is not None:
        _write_errors(store, job, errors_file)
    if as_json:
        print_json(_as_json(job))
    else:
        _tell(store, job, errors_file)
    if job.status is not JobStatus.DONE:
        sys.exit(1)


def _tell(store: Store, job: Job, errors_file: Path | None) -> None:
    state = {JobStatus.DONE: "would be done" if job.options["dry_run"] else "done"}.get(job.status, job.status.value)
    click.echo(f"{job.title}: {state}")
    counts = import_summary(job)
    print_table([[f"{counts[name]:>11,}", words] for name, words in _WORDS.items() if counts[name]])
    wrong = counts["wrong"]
    if not wrong:
        return
    for error, _ in zip(store.jobs.errors(job.id), range(_SHOWN_ERRORS), strict=False):
        shown = f" {error.value!r}" if error.value else ""
        click.echo(f"  line {error.line}:{shown} {error.reason}: {error.remedy}")
    if wrong > _SHOWN_ERRORS:
        click.echo(f"  and {wrong - _SHOWN_ERRORS:,} more")
    if errors_file is None:
        click.echo(f"all of them: postlude contacts imports {id_text(job.id)} --errors wrong.csv")


def _write_errors(store: Store, job: Job, file: Path) -> None:
    # A file begins with a UTF-8 mark: spreadsheet programs need it.
    with csv_file(file, "utf-8" if str(file) == "-" else "utf-8-sig") as out:
        write_errors(store, job.id, CsvTable(out))


def _as_json(job: Job) -> dict[str, object]:
    counted = {"id": id_text(job.id), "title": job.title, "status": job.status.value, **import_summary(job)}
    return counted | {"done": job.done, "total": job.total, "error": job.error, "dry_run": job.options["dry_run"]}


def _brief(job: Job) -> str:
    counts = import_summary(job)
    reported = [f"{counts[name]:,} {word}" for name, word in _WORDS.items() if counts[name]]
    return job.error or ", ".join(reported)


def _when(job: Job) -> str:
    return to_datetime(job.created_at).astimezone().strftime("%Y-%m-%d %H:%M")


def _mapping(given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in given:
        column, equals, target = one.rpartition("=")
        if not equals or not column.strip() or not target.strip():
            raise InputError(f"--map {one}: write it as COLUMN=TARGET, such as --map Mail=email")
        found[column.strip()] = target.strip()
    return found
