"""One message: its recipients, its links, its timeline."""

from http import HTTPStatus
from itertools import chain

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from postlude.kit.data_table import TableFormat
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError
from postlude.model.observation import encode_observation
from postlude.services.messages.resend import choose_copies
from postlude.services.reports.event_table import EVENT_COLUMNS, event_rows
from postlude.services.reports.messages import ON_A_PAGE
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.downloads import rows_response
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.session import Posted, SignedIn

router = APIRouter()


@router.get("/messages/{message}", dependencies=[READS])
def message_page(request: Request, deps: Deps, viewer: SignedIn, message: str, new: bool = False) -> Response:
    """Results of one message. `new`: it was accepted a moment ago and may not be digested yet."""
    wanted = _number(message)
    try:
        owner = deps.store.messages.get(wanted).user
    except NotFoundError:
        if new:
            return pages_of(request).render(request, "messages/accepted.html", message=wanted)
        raise
    if owner != viewer.user.id:
        raise NotFoundError(f"no message of yours has the id {message}")
    campaign = deps.store.campaigns.of_message(wanted)
    if campaign is not None:
        return RedirectResponse(f"/campaigns/{id_text(campaign)}", status_code=HTTPStatus.SEE_OTHER)
    view, timeline = deps.reports.message(wanted), deps.reports.timeline(wanted, limit=ON_A_PAGE + 1)
    shown, more = timeline[-ON_A_PAGE:][::-1], len(timeline) > ON_A_PAGE
    topics = deps.store.content.topics_of([wanted]).get(wanted, [])
    return pages_of(request).render(
        request, "messages/message.html", view=view, timeline=shown, more=more, topics=topics
    )


@router.get("/messages/{message}/events.{form}", dependencies=[READS, does("export events")])
def events_file(deps: Deps, viewer: SignedIn, message: str, form: TableFormat) -> Response:
    """The timeline as a table: what happened, who it was, how sure that is and why."""
    wanted = _number(message)
    if _owner(deps, wanted) != viewer.user.id:
        raise NotFoundError(f"no message of yours has the id {message}")
    rows = event_rows(deps.reports.timeline(wanted))
    return rows_response(chain([list(EVENT_COLUMNS)], rows), form, f"events-{id_text(wanted)}")


@router.post("/messages/{message}/copies/{copy}/resend", dependencies=[WRITES, does("resend")])
async def resend(deps: Deps, viewer: Posted, message: str, copy: str) -> Response:
    """Send one copy of the viewer's message again; the request is journaled before the answer."""
    wanted = parse_id(copy)
    chosen = await run_in_threadpool(choose_copies, deps.store, wanted, deps.clock) if wanted is not None else []
    owner = await run_in_threadpool(_owner, deps, chosen[0].observation.message) if chosen else None
    if owner != viewer.user.id or parse_id(message) != chosen[0].observation.message:
        raise NotFoundError(f"no message of yours has the id {message}")
    await deps.append(encode_observation(chosen[0].observation))
    return RedirectResponse(f"/messages/{message}", status_code=HTTPStatus.SEE_OTHER)


def _number(message: str) -> int:
    wanted = parse_id(message)
    if wanted is None:
        raise NotFoundError(f"no message has the id {message}")
    return wanted


def _owner(deps: Deps, message: int) -> int:
    return deps.store.messages.get(message).user
