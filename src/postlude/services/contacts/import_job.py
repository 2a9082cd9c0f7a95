"""Import a contact file: a job that shows progress, can be stopped and continues where it was.

The position in the file is written in the transaction of the rows before it: after `kill -9` no row is missing and none
is imported twice.
"""

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import msgspec

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.csv_table import CsvTable
from postlude.kit.ids import new_id
from postlude.model.errors import InputError, PostludeError
from postlude.model.words import JobStatus, Purpose
from postlude.services.contacts.columns import Columns, find_columns
from postlude.services.contacts.file_reader import FileShape, file_rows, shape_of
from postlude.services.contacts.import_rows import Chunk, chunks_of
from postlude.store import Store
from postlude.store.contacts.bulk_import import BeatOf, Intake
from postlude.store.contacts.rows import Proof
from postlude.store.jobs.rows import Beat, Job

KIND: Final = "import"
SILENT_SECONDS: Final = 60  # a batch takes a second or two: a worker without a beat for a minute is dead
BATCH_ROWS: Final = 50_000
_LOOKED_AT: Final = 200
_PRINT: Final = 1 << 16


class ImportOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be imported, and how."""

    file: str
    """Absolute path."""
    name: str = ""
    """The file's name as people know it."""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    mapping: dict[str, str] = {}
    policy: Literal["update", "fill", "skip"] = "update"
    lists: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    consent: tuple[Purpose, ...] = ()
    """What the people in the file agreed to."""
    agreed: str = ""
    """Where and when they did, in the importer's words; needed with `consent`."""
    agreed_text: str = ""
    """The sentence they agreed to."""
    dry_run: bool = False


class ImportPreview(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is understood, before anything is written."""

    shape: FileShape
    columns: Columns
    rows: tuple[tuple[str, ...], ...]
    """The first few, without the header."""


class Stopped(msgspec.Struct, frozen=True):
    """How a run ended."""

    status: JobStatus
    job: Job


class _Options(ImportOrder, frozen=True, kw_only=True):
    """The import's options as stored in the job: detected values are fixed, so that resuming reads the same."""

    columns: Columns
    lines: int
    skip: int
    fingerprint: str
    proof: int
    told: int = 0
    """Proof for what rows of the file state themselves."""


def preview_import(order: ImportOrder, most: int = 5) -> ImportPreview:
    """Look into the file; InputError when it cannot be imported as ordered."""
    path = Path(order.file)
    shape = shape_of(path, encoding=order.encoding, delimiter=order.delimiter, sheet=order.sheet)
    first = [row.cells for row in islice(file_rows(path, shape), _LOOKED_AT) if any(row.cells)]
    columns = find_columns(first, order.mapping)
    body = first[1:] if columns.header else first
    return ImportPreview(shape=shape, columns=columns, rows=tuple(tuple(row) for row in body[:most]))


def order_import(store: Store, clock: Clock, order: ImportOrder, by: str = "", owner: str = "") -> Job:
    """Put the import down as a job, for `owner` to do at once, or for the app.

    InputError when the file, the lists or the consent do not fit together.
    """
    _check_consent(store, order)
    seen = preview_import(order)
    now = clock.now()
    proof = 0
    if order.agreed.strip() and (order.consent or seen.columns.wishes) and not order.dry_run:
        proof = new_id()
        source = f"{order.agreed} ({_name(order)})"
        store.contacts.add_proof(Proof(id=proof, at=now, how="import", source=source, text=order.agreed_text, by=by))
    told = 0
    if not order.dry_run:
        told = new_id()
        what = "an export of contacts" if seen.columns.exported else "the file"
        source = f"{what} says so ({_name(order)})"
        store.contacts.add_proof(Proof(id=told, at=now, how="import", source=source, by=by))
    options = _Options(
        **{name: getattr(order, name) for name in order.__struct_fields__ if name not in {"encoding", "sheet"}}
        | {"delimiter": seen.shape.delimiter},
        encoding=seen.shape.encoding,
        sheet=seen.shape.sheet,
        columns=seen.columns,
        lines=seen.shape.lines,
        skip=seen.shape.skip,
        fingerprint=_fingerprint(Path(order.file)),
        proof=proof,
        told=told,
    )
    title = f"{'Try' if order.dry_run else 'Import'} {_name(order)}"
    kept = msgspec.to_builtins(options, str_keys=True)
    return store.jobs.add(KIND, title, now, kept, unit="lines", by=by, total=seen.shape.lines, owner=owner)


class ShowJob(Protocol):
    """Shows how far a job is."""

    def __call__(self, job: Job, /) -> None:
        """Called after every batch."""
        ...


class Stopping(Protocol):
    """Whether this process is to end."""

    def __call__(self) -> bool:
        """Asked before every batch; True leaves the job for the next process."""
        ...


def run_import(
    store: Store,
    clock: Clock,
    job: Job,
    show: ShowJob = lambda _job: None,
    stopping: Stopping = lambda: False,
) -> Stopped:
    """Run a claimed job to its end, or until it is paused or stopped.

    `show` is called after every batch; when `stopping` returns True, the job is left for the next process. Errors are
    recorded in the job, and it can be resumed.
    """
    try:
        status = _run(store, clock, job, show, stopping)
    except PostludeError as error:
        store.jobs.finish(job.id, job.owner, JobStatus.FAILED, clock.now(), str(error))
        raise
    except KeyboardInterrupt:
        store.jobs.finish(job.id, job.owner, JobStatus.PAUSED, clock.now())
        raise
    except Exception as error:
        store.jobs.finish(job.id, job.owner, JobStatus.FAILED, clock.now(), f"{type(error).__name__}: {error}")
        raise
    store.jobs.finish(job.id, job.owner, status, clock.now())
    return Stopped(status, store.jobs.get(job.id))


def claim_import(store: Store, clock: Clock, owner: str, job: int = 0) -> Job | None:
    """Take a waiting import (or this one) for `owner`."""
    now = clock.now()
    return store.jobs.claim(owner, now, now - SILENT_SECONDS * MICROS_PER_SECOND, job=job, kind=KIND)


def _run(store: Store, clock: Clock, job: Job, show: ShowJob, stopping: Stopping) -> JobStatus:
    options = msgspec.convert(job.options, _Options, str_keys=True, strict=False)
    path = Path(options.file)
    if _fingerprint(path) != options.fingerprint:
        raise InputError(
            f"{options.file} is not the file this import began with. Put that file back, or start a new import"
        )
    columns = options.columns
    shape = FileShape(options.sheet, options.encoding, False, options.delimiter, options.lines, options.skip)  # noqa: FBT003
    intake = _intake(store, clock, job, options)
    if not options.dry_run:
        store.contacts.know_fields(columns.fields.values())
    # A dry run remembers in memory which addresses it has met: it begins at the beginning.
    after = 0 if options.dry_run else int(job.position.get("line", 0))
    totals = Counter[str]() if options.dry_run else Counter(job.counts)
    rows = file_rows(path, shape, after)
    if columns.header and not after:
        next((row for row in rows if any(row.cells)), None)
    for chunk in chunks_of(rows, columns, BATCH_ROWS, options.consent):
        intake.at = clock.now()  # a withdrawal acts from the time at which it is recorded
        wanted = store.contacts.import_batch(intake, chunk.entries, chunk.errors, _beat_of(job, clock, totals, chunk))
        show(store.jobs.get(job.id))
        if wanted == "lost":
            raise InputError("another process has taken over this import")
        if wanted:
            return JobStatus.PAUSED if wanted == "pause" else JobStatus.CANCELLED
        if stopping():
            return JobStatus.WAITING
    return JobStatus.DONE


def _intake(store: Store, clock: Clock, job: Job, options: _Options) -> Intake:
    return Intake(
        job=job.id,
        owner=job.owner,
        at=clock.now(),
        source=f"import {_name(options)}",
        policy=options.policy,
        lists=options.lists,
        tags=[store.contacts.tag(name) for name in options.tags] if not options.dry_run else (),
        purposes=options.consent,
        proof=options.proof,
        told=options.told,
        exported=options.columns.exported,
        by=job.by,
        agreed=bool(options.agreed.strip()),
        dry=options.dry_run,
    )


def _beat_of(job: Job, clock: Clock, totals: Counter[str], chunk: Chunk) -> BeatOf:
    def beat(counts: Mapping[str, int]) -> Beat:
        totals.update(counts)
        totals.update({"wrong": len(chunk.errors), "blank": chunk.blank, "rows": len(chunk.entries)})
        kept = {name: number for name, number in totals.items() if number}
        return Beat(job=job.id, at=clock.now(), done=chunk.end, counts=kept, position={"line": chunk.end})

    return beat


def _check_consent(store: Store, order: ImportOrder) -> None:
    if order.consent and not order.agreed.strip():
        raise InputError("state where and when these people agreed: consent needs a proof")
    if Purpose.MAIL in order.consent:
        return
    strict = [found.name for list_id in order.lists if (found := store.lists.get(list_id)).double_optin]
    if strict:
        raise InputError(
            f"members of {strict[0]!r} confirm by mail before they are mailed. State where the people in this file "
            "agreed, or import into a list without double opt-in"
        )


def _name(order: ImportOrder) -> str:
    return order.name or Path(order.file).name


def _fingerprint(path: Path) -> str:
    """Size and both ends: enough to notice that the file was replaced."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            ends = file.read(_PRINT)
            file.seek(max(0, size - _PRINT))
            ends += file.read(_PRINT)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}. The file must stay in place until its import has ended") from error
    return f"{size}-{blake2b(ends, digest_size=16).hexdigest()}"


def import_summary(job: Job) -> dict[str, Any]:
    """The job's outcome, for JSON."""
    names = (
        "rows", "added", "updated", "unchanged", "repeated", "wrong", "blank", "suppressed", "left",
        "withdrawn", "ended", "unproven",
    )  # fmt: skip
    return {name: job.counts.get(name, 0) for name in names}


def write_errors(store: Store, job: int, out: CsvTable) -> None:
    """The rows an import could not take, as a table that can be mended and imported."""
    out.writerow(["line", "column", "value", "reason", "remedy"])
    for error in store.jobs.errors(job):
        out.writerow([error.line, error.column, error.value, error.reason, error.remedy])
