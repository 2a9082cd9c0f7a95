"""The list of sent messages."""

from typing import Final

from fastapi import APIRouter, Request, Response

from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS
from postlude.web.session import SignedIn

router = APIRouter()

PAGE_SIZE: Final = 25


@router.get("/", dependencies=[READS])
def sent(request: Request, deps: Deps, viewer: SignedIn, before: str = "") -> Response:
    """One page of messages, newest first; `before` is the last id of the page before it."""
    start = parse_id(before) if before else None
    if before and start is None:
        raise NotFoundError(f"no message has the id {before}")
    rows = deps.reports.messages(user=viewer.user.id, before=start, limit=PAGE_SIZE + 1)
    older = id_text(rows[PAGE_SIZE - 1].message) if len(rows) > PAGE_SIZE else ""
    return pages_of(request).render(request, "messages/sent.html", rows=rows[:PAGE_SIZE], older=older, first=not before)
