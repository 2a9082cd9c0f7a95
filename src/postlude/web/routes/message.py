"""One message: its recipients, its links, its timeline."""

from fastapi import APIRouter, Request, Response

from postlude.kit.ids import parse_id
from postlude.model.errors import NotFoundError
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.session import SignedIn

router = APIRouter()


@router.get("/messages/{message}")
def message_page(request: Request, deps: Deps, viewer: SignedIn, message: str, new: bool = False) -> Response:
    """What became of one message. `new`: it was accepted a moment ago and may not be digested yet."""
    wanted = parse_id(message)
    if wanted is None:
        raise NotFoundError(f"no message has the id {message}")
    try:
        owner = deps.store.message(wanted).user
    except NotFoundError:
        if new:
            return pages_of(request).render(request, "accepted.html", message=wanted)
        raise
    if owner != viewer.user.id:
        raise NotFoundError(f"no message of yours has the id {message}")
    view, timeline = deps.reports.message(wanted), deps.reports.timeline(wanted)[::-1]
    return pages_of(request).render(request, "message.html", view=view, timeline=timeline)
