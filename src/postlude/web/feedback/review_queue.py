"""Unmatched findings: viewed, assigned or dismissed by hand."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse

from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import InputError, NotFoundError
from postlude.model.observation import encode_observation
from postlude.services.feedback.review_queue import accept_wish, decide_question, question, questions
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.session import Posted, SignedIn

router = APIRouter()
_SHOWN_BYTES: Final = 200_000


@router.get("/unmatched", dependencies=[READS])
def unmatched_page(  # noqa: PLR0917 - one parameter a field
    request: Request, deps: Deps, viewer: SignedIn, find: str = "", done: str = "", before: str = ""
) -> Response:
    """One page of what waits, newest first; `before` is the last id of the page before it.

    `find` is an address whose copies are offered too.
    """
    address = find.strip()
    waiting = questions(deps.store, viewer.user, deps.clock, address=address, after=_id(before) if before else 0)
    return pages_of(request).render(
        request,
        "feedback/review_queue.html",
        waiting=waiting.questions,
        older=id_text(waiting.older) if waiting.older else "",
        first=not before,
        find=address,
        done=done,
    )


@router.get("/unmatched/{unmatched}/mail", dependencies=[READS])
def mail(deps: Deps, viewer: SignedIn, unmatched: str) -> Response:
    """The mail as it came, as text: nothing in it is shown, run or loaded."""
    row = question(deps.store, viewer.user, deps.clock, _id(unmatched)).row
    if not row.mail:
        raise NotFoundError("this was a webhook call of a provider: there is no mail to show")
    text = deps.returned_mail(row.mail)[:_SHOWN_BYTES].decode("utf-8", "replace")
    return PlainTextResponse(text)


@router.post("/unmatched/{unmatched}", dependencies=[WRITES, does("feedback assign")])
async def resolve(
    deps: Deps, viewer: Posted, unmatched: str, to: Annotated[str, Form()] = "", do: Annotated[str, Form()] = ""
) -> Response:
    """Tie it to a copy, accept a wish, or dismiss it; the journal has the decision before the answer."""
    chosen = parse_id(to) if do == "assign" else 0
    if do not in {"assign", "accept", "dismiss"} or chosen is None:
        raise InputError("Choose the message it belongs to, or dismiss it.")
    asked = deps.store, viewer.user, deps.clock, _id(unmatched)
    if do == "accept":
        decision = await run_in_threadpool(accept_wish, *asked)
    else:
        decision = await run_in_threadpool(decide_question, *asked, chosen)
    await deps.append(encode_observation(decision))
    return RedirectResponse(f"/unmatched?done={do}", status_code=HTTPStatus.SEE_OTHER)


def _id(text: str) -> int:
    number = parse_id(text)
    if number is None:
        raise NotFoundError(f"there is no unmatched mail with the id {text}")
    return number
