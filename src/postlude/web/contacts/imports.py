"""Importing in the browser: a file goes up, is looked at, and is imported by the app with its progress on a page."""

import shutil
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from postlude.kit.file_trouble import file_trouble
from postlude.kit.ids import id_text, new_id, parse_id
from postlude.model.errors import InputError, NotFoundError, StorageError
from postlude.model.words import Purpose
from postlude.services.contacts.columns import TARGETS
from postlude.services.contacts.import_job import (
    KIND,
    ImportOrder,
    ImportPreview,
    import_summary,
    order_import,
    preview_import,
)
from postlude.services.jobs import duration, pace, steer_job
from postlude.store.jobs.rows import Job
from postlude.web.audit_trail import does, unrecorded
from postlude.web.deps import Deps, WebDeps
from postlude.web.downloads import csv_response
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.request_limits import CONTACT_FILE, takes
from postlude.web.session import Posted, SignedIn

router = APIRouter()
_ENDINGS: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"})
_SHOWN_ERRORS: Final = 20
UPLOADS_BYTES: Final = 1 << 30
"""Of all files that wait to be imported: whoever is signed in cannot fill the disk with them."""


@router.get("/contacts/import", dependencies=[WRITES])
def import_page(request: Request, deps: Deps, viewer: SignedIn) -> Response:
    """The upload page, with earlier imports."""
    del viewer
    jobs = [(job, import_summary(job)) for job in deps.store.jobs.latest(KIND, limit=20)]
    return pages_of(request).render(request, "contacts/import.html", jobs=jobs, error="")


@router.post(
    "/contacts/import",
    dependencies=[
        WRITES,
        takes(CONTACT_FILE),
        unrecorded("the file is only looked at; beginning its import is an act"),
    ],
)
async def upload(deps: Deps, viewer: Posted, file: UploadFile) -> Response:
    """Store the file and examine it."""
    del viewer
    name = Path(file.filename or "file.csv").name
    if Path(name).suffix.lower() not in _ENDINGS:
        raise InputError(
            f"{name} cannot be read as a list of contacts: choose a CSV file or a spreadsheet (.csv, .xlsx, .ods)"
        )
    number = new_id()
    await run_in_threadpool(_keep, _uploads(deps) / f"{id_text(number)}{Path(name).suffix.lower()}", file)
    return _to(f"/contacts/import/{id_text(number)}?name={quote(name)}")


@router.get("/contacts/import/{upload_id}", dependencies=[WRITES])
def check_page(  # noqa: PLR0917 - one parameter a field
    request: Request,
    deps: Deps,
    viewer: SignedIn,
    upload_id: str,
    name: str = "",
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
) -> Response:
    """The file's preview, and the options of its import."""
    del viewer
    order = ImportOrder(
        file=str(_uploaded(deps, upload_id)), name=name, encoding=encoding, delimiter=delimiter, sheet=sheet
    )
    return _check(request, deps, upload_id, order)


@router.post("/contacts/import/{upload_id}", dependencies=[WRITES, does("contacts import")])
def start(  # noqa: PLR0917 - one parameter a field
    request: Request,
    deps: Deps,
    viewer: Posted,
    upload_id: str,
    name: Annotated[str, Form()] = "",
    encoding: Annotated[str, Form()] = "",
    delimiter: Annotated[str, Form()] = "",
    sheet: Annotated[str, Form()] = "",
    target: Annotated[list[str] | None, Form()] = None,
    lists: Annotated[list[str] | None, Form()] = None,
    tags: Annotated[str, Form()] = "",
    known: Annotated[Literal["update", "fill", "skip"], Form()] = "update",
    consent: Annotated[list[Purpose] | None, Form()] = None,
    agreed: Annotated[str, Form()] = "",
    dry_run: Annotated[bool, Form()] = False,
) -> Response:
    """Order the import; the page again when something does not fit together."""
    order = ImportOrder(
        file=str(_uploaded(deps, upload_id)),
        name=name,
        encoding=encoding,
        delimiter=delimiter,
        sheet=sheet,
        mapping={f"#{n + 1}": one.strip() for n, one in enumerate(target or ()) if one.strip()},
        policy=known,
        lists=tuple(number for text in lists or () if (number := parse_id(text))),
        tags=tuple(one.strip() for one in tags.split(",") if one.strip()),
        consent=tuple(consent or ()),
        agreed=agreed,
        dry_run=dry_run,
    )
    try:
        job = order_import(deps.store, deps.clock, order, viewer.user.address)
    except InputError as error:
        return _check(request, deps, upload_id, order, str(error))
    _wake(deps)
    return _to(f"/contacts/imports/{id_text(job.id)}")


@router.get("/contacts/imports/{job}", dependencies=[READS])
def job_page(request: Request, deps: Deps, viewer: SignedIn, job: str) -> Response:
    """Progress, outcome, and the first bad rows."""
    del viewer
    found = _job(deps, job)
    now = pace(found)
    return pages_of(request).render(
        request,
        "contacts/import_job.html",
        job=found,
        pace=now,
        left=duration(now.seconds_left) if now.seconds_left else "",
        counts=import_summary(found),
        errors=[error for error, _ in zip(deps.store.jobs.errors(found.id), range(_SHOWN_ERRORS), strict=False)],
        upload=Path(str(found.options.get("file", ""))).stem if _is_upload(deps, found) else "",
    )


@router.get("/contacts/imports/{job}/errors.csv", dependencies=[READS])
def errors(deps: Deps, viewer: SignedIn, job: str) -> Response:
    """Every bad row, as a table."""
    del viewer
    found = _job(deps, job)

    def rows() -> Iterator[list[str]]:
        yield ["line", "column", "value", "reason", "remedy"]
        for error in deps.store.jobs.errors(found.id):
            yield [str(error.line), error.column, error.value, error.reason, error.remedy]

    return csv_response(rows(), f"errors-{job}.csv")


@router.post("/contacts/imports/{job}", dependencies=[WRITES, does("contacts imports")])
def steer(deps: Deps, viewer: Posted, job: str, do: Annotated[str, Form()] = "") -> Response:
    """Pause, resume, or cancel."""
    del viewer
    found = _job(deps, job)
    if do in {"resume", "pause", "cancel"}:
        steer_job(deps.store, deps.clock, found.id, do)
        _wake(deps)
    return _to(f"/contacts/imports/{job}")


def _check(request: Request, deps: WebDeps, upload_id: str, order: ImportOrder, error: str = "") -> Response:
    seen: ImportPreview | None = None
    try:
        seen = preview_import(order)
    except InputError as problem:
        error = error or str(problem)
    return pages_of(request).render(
        request,
        "contacts/import_check.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        order=order,
        upload_id=upload_id,
        seen=seen,
        targets=TARGETS,
        lists=deps.store.lists.every(),
        error=error,
    )


def _keep(path: Path, file: UploadFile) -> None:
    waiting = sum(each.stat().st_size for each in path.parent.iterdir() if each.is_file())
    if waiting + (file.size or 0) > UPLOADS_BYTES:
        raise InputError(
            f"files that wait to be imported take {waiting >> 20:,} MB already: import or cancel them first; those "
            "that are not imported are deleted by themselves"
        )
    try:
        with path.open("xb") as out:
            shutil.copyfileobj(file.file, out, 1 << 20)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"the file could not be stored: {file_trouble(error, path)}") from error


def _uploads(deps: WebDeps) -> Path:
    assert deps.contacts is not None  # the router is only there with them
    return deps.contacts.uploads


def _uploaded(deps: WebDeps, upload_id: str) -> Path:
    number = parse_id(upload_id)
    found = sorted(_uploads(deps).glob(f"{id_text(number)}.*")) if number is not None else []
    if not found:
        raise NotFoundError("this upload no longer exists")
    return found[0]


def _is_upload(deps: WebDeps, job: Job) -> bool:
    return Path(str(job.options.get("file", ""))).parent == _uploads(deps)


def _wake(deps: WebDeps) -> None:
    assert deps.contacts is not None
    deps.contacts.wake()


def _job(deps: WebDeps, job: str) -> Job:
    found = deps.store.jobs.get(parse_id(job) or 0)
    if found.kind != KIND:
        raise NotFoundError(f"no import has the id {job}")
    return found


def _to(where: str) -> Response:
    return RedirectResponse(where, status_code=HTTPStatus.SEE_OTHER)
