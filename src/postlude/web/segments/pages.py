"""Segments: asked, saved, shown, turned into a mailing. They belong to the instance, like contacts."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.kit.data_table import TableFormat
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import InputError, NotFoundError
from postlude.segments import render, sentence
from postlude.services.campaigns.drafts import change_campaign, create_campaign
from postlude.services.contacts.contacts import rows_of_pages
from postlude.services.segments.names import read_segment, with_names
from postlude.services.segments.saved import (
    change_segment,
    chosen_pages,
    delete_segment,
    freeze_segment,
    mailable_page,
    save_segment,
    select_contacts,
    thaw_segment,
)
from postlude.store.contacts.rows import Audience
from postlude.store.segments.rows import Segment
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.downloads import rows_response
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.session import Posted, SignedIn

router = APIRouter()
_PAGE: Final = 50


@router.get("/segments", dependencies=[READS])
def segments_page(request: Request, deps: Deps, viewer: SignedIn, expression: str = "") -> Response:
    """Every saved segment, and the form that asks a new one."""
    del viewer
    return pages_of(request).render(
        request,
        "segments/segments.html",
        found=_saved(deps),
        expression=expression,
        typed_name="",
        **_looked_at(deps, expression),
    )


@router.get("/segments/look", dependencies=[READS])
def look(request: Request, deps: Deps, viewer: SignedIn, expression: str = "", segment: str = "") -> Response:
    """A part of a page: whom an expression chooses now, in words and numbers. In a campaign it is called `segment`."""
    del viewer
    return pages_of(request).render(request, "segments/look.html", **_looked_at(deps, expression or segment))


@router.post("/segments", dependencies=[WRITES, does("segments save", "name")])
def save(
    request: Request,
    deps: Deps,
    viewer: Posted,
    expression: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Save one, or show the form again with what is wrong."""
    try:
        made = save_segment(deps.store, deps.clock, name, expression, viewer.user.id)
    except (InputError, NotFoundError) as error:
        answer = pages_of(request).render(
            request,
            "segments/segments.html",
            found=_saved(deps),
            expression=expression,
            typed_name=name,
            chosen=None,
            problem=str(error),
        )
        answer.status_code = HTTPStatus.BAD_REQUEST
        return answer
    return _to(made.id)


@router.get("/segments/{segment}", dependencies=[READS])
def segment_page(request: Request, deps: Deps, viewer: SignedIn, segment: str, after: str = "") -> Response:
    """One segment: its expression, whom it chooses, and what can be done with it."""
    del viewer
    saved = _find(deps, segment)
    named = with_names(deps.store, saved.expression)
    people, chosen, problem = [], None, ""
    try:
        chosen = select_contacts(deps.store, deps.clock, saved.asked)._replace(words=sentence(named))
        people = mailable_page(deps.store, deps.clock, saved.asked, parse_id(after) or 0, _PAGE)
    except InputError as error:
        problem = str(error)
    return pages_of(request).render(
        request,
        "segments/segment.html",
        saved=saved,
        expression=render(named),
        chosen=chosen,
        problem=problem,
        people=people,
        more=id_text(people[-1].contact.id) if len(people) == _PAGE else "",
    )


@router.get("/segments/{segment}/contacts.{form}", dependencies=[READS, does("export contacts")])
def export(deps: Deps, viewer: SignedIn, segment: str, form: TableFormat) -> Response:
    """Everyone in it, as a file."""
    del viewer
    saved = _find(deps, segment)
    rows = rows_of_pages(deps.store, chosen_pages(deps.store, deps.clock, saved.asked))
    return rows_response(rows, form, f"segment-{segment}")


@router.post("/segments/{segment}", dependencies=[WRITES, does("segments change", "name")])
def change(
    deps: Deps,
    viewer: Posted,
    segment: str,
    expression: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Rename it, give it another expression."""
    del viewer
    saved = _find(deps, segment)
    same = read_segment(deps.store, expression) == saved.expression
    change_segment(deps.store, deps.clock, saved.id, name=name, text=None if same else expression)
    return _to(saved.id)


@router.post("/segments/{segment}/freeze", dependencies=[WRITES, does("segments freeze", "name")])
def freeze(deps: Deps, viewer: Posted, segment: str, thaw: Annotated[str, Form()] = "") -> Response:
    """Keep who is in it now, or choose anew each time again."""
    del viewer
    saved = _find(deps, segment)
    if thaw:
        thaw_segment(deps.store, deps.clock, saved.id)
    else:
        freeze_segment(deps.store, deps.clock, saved.id)
    return _to(saved.id)


@router.post("/segments/{segment}/delete", dependencies=[WRITES, does("segments delete")])
def delete(deps: Deps, viewer: Posted, segment: str, sure: Annotated[str, Form()] = "") -> Response:
    """Delete it; its contacts stay."""
    del viewer
    if not sure:
        raise InputError("Tick the box that says you are sure.")
    delete_segment(deps.store, _find(deps, segment).id)
    return RedirectResponse("/segments", status_code=HTTPStatus.SEE_OTHER)


@router.post("/mailings", dependencies=[WRITES, does("campaigns create", "name")])
def mailing(
    deps: Deps, viewer: Posted, expression: Annotated[str, Form()] = "", name: Annotated[str, Form()] = ""
) -> Response:
    """A draft to whom an expression chooses, in its editor."""
    segment = read_segment(deps.store, expression)
    made = create_campaign(deps.store, deps.clock, viewer.user, name)
    change_campaign(deps.store, made.id, {}, {}, Audience(segment=segment))
    return RedirectResponse(f"/campaigns/{id_text(made.id)}", status_code=HTTPStatus.SEE_OTHER)


def _saved(deps: WebDeps) -> list[tuple[Segment, str]]:
    """Every saved segment with its expression as people read it."""
    return [(one, render(with_names(deps.store, one.expression))) for one in deps.store.segments.every()]


def _looked_at(deps: WebDeps, text: str) -> dict[str, Any]:
    if not text.strip():
        return {"chosen": None, "problem": "", "people": []}
    try:
        asked = read_segment(deps.store, text)
        chosen = select_contacts(deps.store, deps.clock, asked)
        return {"chosen": chosen, "problem": "", "people": mailable_page(deps.store, deps.clock, asked, limit=5)}
    except (InputError, NotFoundError) as error:
        return {"chosen": None, "problem": str(error), "people": []}


def _find(deps: WebDeps, segment: str) -> Segment:
    number = parse_id(segment)
    if number is None:
        raise NotFoundError(f"no segment has the id {segment}")
    return deps.store.segments.get(number)


def _to(segment: int) -> Response:
    return RedirectResponse(f"/segments/{id_text(segment)}", status_code=HTTPStatus.SEE_OTHER)
