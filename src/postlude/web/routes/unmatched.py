"""What came back and fits nothing: looked at, tied or dismissed by hand."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, RedirectResponse

from postlude.kit.ids import parse_id
from postlude.model.errors import InputError, NotFoundError
from postlude.model.observation import encode
from postlude.services.unmatched import decide, question, questions
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.session import Posted, SignedIn

router = APIRouter()
_SHOWN_BYTES: Final = 200_000


@router.get("/unmatched")
def unmatched_page(request: Request, deps: Deps, viewer: SignedIn, find: str = "", done: str = "") -> Response:
    """Everything that waits; `find` is an address whose copies are offered too."""
    waiting = questions(deps.store, viewer.user, deps.clock, address=find.strip())
    return pages_of(request).render(request, "unmatched.html", waiting=waiting, find=find.strip(), done=done)


@router.get("/unmatched/{unmatched}/mail")
def mail(deps: Deps, viewer: SignedIn, unmatched: str) -> Response:
    """The mail as it came, as text: nothing in it is shown, run or loaded."""
    row = question(deps.store, viewer.user, deps.clock, _id(unmatched)).row
    if not row.mail:
        raise NotFoundError("this was a provider's call: there is no mail")
    text = deps.returned_mail(row.mail)[:_SHOWN_BYTES].decode("utf-8", "replace")
    return PlainTextResponse(text)


@router.post("/unmatched/{unmatched}")
async def resolve(
    deps: Deps, viewer: Posted, unmatched: str, to: Annotated[str, Form()] = "", do: Annotated[str, Form()] = ""
) -> Response:
    """Tie it to a copy, or dismiss it; the journal has the decision before the answer."""
    chosen = parse_id(to) if do == "tie" else 0
    if do not in {"tie", "dismiss"} or chosen is None:
        raise InputError("Choose the message it belongs to, or dismiss it.")
    decision = await run_in_threadpool(decide, deps.store, viewer.user, deps.clock, _id(unmatched), chosen)
    await deps.append(encode(decision))
    return RedirectResponse(f"/unmatched?done={do}", status_code=HTTPStatus.SEE_OTHER)


def _id(text: str) -> int:
    number = parse_id(text)
    if number is None:
        raise NotFoundError(f"nothing unmatched has the id {text}")
    return number
