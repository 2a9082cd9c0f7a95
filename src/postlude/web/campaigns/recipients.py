"""Recipients of a campaign with their results: by outcome, page by page, and one copy's timeline."""

from typing import Final

from fastapi import APIRouter, Request, Response

from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError
from postlude.services.campaigns.report_segments import ReportSegments
from postlude.services.reports.messages import ON_A_PAGE
from postlude.web.campaigns.draft_pages import find, report
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS
from postlude.web.session import SignedIn

router = APIRouter()

_PAGE: Final = 50
OUTCOMES: Final = {
    "": "All recipients",
    "opened": "Opened",
    "clicked": "Clicked",
    "replied": "Answered",
    "opened_unknown": "Perhaps opened",
    "opened_machine": "Only machines",
    "unsubscribed": "Unsubscribed",
    "left_all": "Left all mailings",
    "complained": "Marked as spam",
    "bounced": "Bounced",
    "failed": "Not sent",
    "indeterminate": "Indeterminate",
}


@router.get("/campaigns/{campaign}/people", dependencies=[READS])
def people(
    request: Request, deps: Deps, viewer: SignedIn, campaign: str, what: str = "", *, after: str = ""
) -> Response:
    """One page of its recipients; `after` is the last copy of the page before."""
    found = find(deps, viewer, campaign)
    if what not in OUTCOMES:
        raise NotFoundError(f"there is no count named {what!r}")
    start = parse_id(after) if after else 0
    if start is None:
        raise NotFoundError(f"no copy has the id {after}")
    messages = deps.store.campaigns.message_ids(found.id)
    copies = deps.store.campaigns.recipients(messages, what, start, _PAGE + 1)
    return pages_of(request).render(
        request,
        "campaigns/recipients.html",
        campaign=found,
        copies=deps.reports.copy_views(copies[:_PAGE]),
        what=what,
        outcomes=OUTCOMES,
        expression=ReportSegments(found.id).outcome(what) if deps.contacts is not None else "",
        report=report(request, deps, found),
        more=id_text(copies[_PAGE - 1].id) if len(copies) > _PAGE else "",
    )


@router.get("/campaigns/{campaign}/people/{copy}", dependencies=[READS])
def person(request: Request, deps: Deps, viewer: SignedIn, campaign: str, copy: str) -> Response:
    """One recipient's copy and its timeline."""
    found, wanted = find(deps, viewer, campaign), parse_id(copy)
    row = deps.store.messages.copy(wanted) if wanted is not None else None
    if row is None or deps.store.campaigns.of_message(row.message) != found.id:
        raise NotFoundError(f"this campaign has no copy {copy}")
    timeline = deps.reports.copy_timeline(row, limit=ON_A_PAGE + 1)
    return pages_of(request).render(
        request,
        "campaigns/recipient.html",
        campaign=found,
        message=row.message,
        copy=deps.reports.copy_views([row])[0],
        timeline=timeline[-ON_A_PAGE:][::-1],
        more=len(timeline) > ON_A_PAGE,
    )
