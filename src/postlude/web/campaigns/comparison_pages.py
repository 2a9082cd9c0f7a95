"""Many campaigns in a table, and some of them side by side."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from postlude.model.errors import NotFoundError
from postlude.services.campaigns.comparison import (
    MOST_COMPARED,
    ORDERS,
    CampaignTable,
    SideBySide,
    campaign_table,
    compare_campaigns,
    sorted_lines,
)
from postlude.web.campaigns.draft_pages import find
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS
from postlude.web.report_cache import report_cache_of
from postlude.web.session import SignedIn, Viewer

router = APIRouter()

_PAGE: Final = 50
RATE_WORDS: Final = {
    "delivered": "Delivered",
    "opened": "Opened",
    "clicked": "Clicked",
    "replied": "Answered",
    "unsubscribed": "Unsubscribed",
    "bounced": "Bounced",
    "complained": "Marked as spam",
}
"""Columns in the order people read them."""


def results_table(request: Request, deps: WebDeps, viewer: Viewer) -> CampaignTable:
    """All results of the viewer's campaigns; of very many not quite of this moment."""
    return report_cache_of(request).get(("results", viewer.user.id), lambda: campaign_table(deps.store, viewer.user.id))


@router.get("/campaigns/results", dependencies=[READS])
def results_page(  # noqa: PLR0917 - the query of the page
    request: Request,
    deps: Deps,
    viewer: SignedIn,
    sort: str = "started",
    up: bool = False,
    part: str = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Every campaign that began, with its rates."""
    if sort not in ORDERS:
        raise NotFoundError(f"campaigns are not sorted by {sort!r}")
    table = results_table(request, deps, viewer)
    found = [one for one in table.lines if part.strip().casefold() in one.name.casefold()]
    lines = sorted_lines(found, sort, ascending=up)
    return pages_of(request).render(
        request,
        "campaigns/results.html",
        lines=lines[(page - 1) * _PAGE : page * _PAGE],
        total=len(lines),
        all=len(table.lines),
        usual=table.usual,
        rates=RATE_WORDS,
        sort=sort,
        up=up,
        part=part,
        page=page,
        more=len(lines) > page * _PAGE,
        most=MOST_COMPARED,
    )


@router.get("/campaigns/compare", dependencies=[READS])
def compare_page(
    request: Request, deps: Deps, viewer: SignedIn, campaign: Annotated[list[str] | None, Query()] = None
) -> Response:
    """Some campaigns side by side."""
    wanted = [find(deps, viewer, one) for one in dict.fromkeys(campaign or ())]
    found = compare_campaigns(deps.store, wanted)
    return pages_of(request).render(
        request,
        "campaigns/compare.html",
        found=found,
        rates=RATE_WORDS,
        scales={name: _scale(found, name) for name in RATE_WORDS},
    )


def _scale(found: SideBySide, name: str) -> float:
    """The share at the right end of a rate's bars: a little above the highest interval."""
    ends = [line.rates[name].rate.high for line in found.lines if line.rates[name].rate.of]
    ends += [found.usual[name].high] if name in found.usual else []
    return min(1.0, 1.05 * max(ends, default=1.0)) or 1.0
