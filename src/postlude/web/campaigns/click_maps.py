"""Where people clicked: a variant's mail with the clicks of each link beside it."""

from typing import Final

from fastapi import APIRouter, Request, Response

from postlude.model.errors import NotFoundError, PostludeError
from postlude.model.words import CampaignStatus
from postlude.services.campaigns.click_map import ClickMap, by_variant, click_map
from postlude.services.campaigns.preview import someone
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.web import mail_frame
from postlude.web.campaigns.draft_pages import find, report
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS
from postlude.web.session import SignedIn

router = APIRouter()

_PARTS: Final = ("html", "text")


def _variant(deps: WebDeps, campaign: Campaign, name: str) -> Variant:
    variants = deps.store.campaigns.variants(campaign.id)
    if campaign.status is CampaignStatus.DRAFT:
        raise NotFoundError("a campaign that was not sent has no clicks")
    found = next((one for one in variants if one.name == (name or variants[0].name)), None)
    if found is None:
        raise NotFoundError(f"this campaign has no variant {name!r}")
    return found


@router.get("/campaigns/{campaign}/clicks", dependencies=[READS])
def click_map_page(
    request: Request, deps: Deps, viewer: SignedIn, campaign: str, *, variant: str = "", part: str = "html"
) -> Response:
    """The mail in its frame, and its links in the order they stand in it."""
    found = find(deps, viewer, campaign)
    shown = _variant(deps, found, variant)
    if part not in _PARTS:
        raise NotFoundError(f"a mail has no part {part!r}")
    return pages_of(request).render(
        request,
        "campaigns/click_map.html",
        campaign=found,
        variant=shown,
        part=part,
        variants=deps.store.campaigns.variants(found.id),
        lines=by_variant(report(request, deps, found).links).get(shown.name, []),
    )


@router.get("/campaigns/{campaign}/clicks/mail", dependencies=[READS])
def click_map_mail(
    request: Request, deps: Deps, viewer: SignedIn, campaign: str, *, variant: str = "", part: str = "html"
) -> Response:
    """The document inside the frame."""
    found = find(deps, viewer, campaign)
    shown = _variant(deps, found, variant)
    lines = by_variant(report(request, deps, found).links).get(shown.name, [])
    try:
        contact = someone(deps.store, found, deps.clock.now())
        made = click_map(deps.campaigns.contents, found, shown, contact, lines)
        page = _document(made, part)
    except PostludeError as error:
        page = mail_frame.text_document(f"The mail cannot be shown: {error}")
    return mail_frame.framed(page)


def _document(made: ClickMap, part: str) -> str:
    if part == "html" and made.html:
        return mail_frame.html_document(made.html)
    if made.text:
        return mail_frame.plain_document(made.text)
    return mail_frame.text_document("(This mail has no such part.)")
