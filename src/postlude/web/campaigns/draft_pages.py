"""Campaigns: the list, a draft in its editor, a sent one with its progress and report."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import InputError, NotFoundError, PostludeError
from postlude.model.words import CampaignStatus
from postlude.services.accounts.sender_rights import permitted_sender
from postlude.services.campaigns.audience import audience_at
from postlude.services.campaigns.checks import Level, check_campaign
from postlude.services.campaigns.downloads import downloads_of
from postlude.services.campaigns.drafts import MAX_VARIANTS, VariantContent, change_campaign, create_campaign
from postlude.services.campaigns.follow_up import FollowUp
from postlude.services.campaigns.preview import CopyPreview, preview_copy, someone
from postlude.services.campaigns.progress import CampaignProgress, progress_of
from postlude.services.campaigns.report import CampaignReport, hidden_of, hidden_words, report_of, totals_of
from postlude.services.campaigns.report_segments import ReportSegments
from postlude.services.campaigns.scheduling import UNDO_SECONDS
from postlude.services.reports.shapes import JudgedLine
from postlude.store.campaigns.rows import Campaign
from postlude.web import mail_frame
from postlude.web.audit_trail import does, unrecorded
from postlude.web.campaigns.forms import CampaignForm, complete, draft_of, read_draft, with_content
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.report_cache import report_cache_of
from postlude.web.request_limits import LARGE_FORM, takes
from postlude.web.session import LargeForm, Posted, PostedLarge, SignedIn, Viewer

router = APIRouter()

_VARIANTS: Final = "ABCDE"[:MAX_VARIANTS]
_RATE_OVER_US: Final = 3_000_000


def find(deps: WebDeps, viewer: Viewer, campaign: str) -> Campaign:
    """A campaign of the viewer, by the id in the URL; NotFoundError for other users' campaigns."""
    number = parse_id(campaign)
    found = deps.store.campaigns.get(number) if number is not None else None
    if found is None or found.user != viewer.user.id:
        raise NotFoundError(f"no campaign of yours has the id {campaign}")
    return found


def to_page(campaign: Campaign, more: str = "") -> Response:
    """See other: the campaign's page."""
    return RedirectResponse(f"/campaigns/{id_text(campaign.id)}{more}", status_code=HTTPStatus.SEE_OTHER)


def report(request: Request, deps: WebDeps, campaign: Campaign) -> CampaignReport:
    """Results; of a large one not quite of this moment."""
    return report_cache_of(request).get(
        ("report", campaign.id, campaign.status), lambda: report_of(deps.store, campaign, estimated=False)
    )


def _judged(request: Request, deps: WebDeps, campaign: Campaign) -> list[JudgedLine]:
    """How its opens and clicks were judged; of a large one not quite of this moment."""
    messages = deps.store.campaigns.message_ids(campaign.id)
    return report_cache_of(request).get(("judged", campaign.id), lambda: deps.reports.judged(messages))


@router.get("/campaigns", dependencies=[READS])
def campaigns_page(request: Request, deps: Deps, viewer: SignedIn) -> Response:
    """Every campaign of the viewer's, the newest first."""
    mine = deps.store.campaigns.of_user(viewer.user.id)
    totals = totals_of(deps.store, [one.id for one in mine])
    rows = [(one, progress_of(deps.store, deps.clock, one), totals[one.id]) for one in mine]
    return pages_of(request).render(request, "campaigns/campaigns.html", rows=rows)


@router.post("/campaigns", dependencies=[WRITES, does("campaigns create", "name")])
def create(deps: Deps, viewer: Posted, name: Annotated[str, Form()] = "") -> Response:
    """A new draft, in its editor."""
    return to_page(create_campaign(deps.store, deps.clock, viewer.user, name))


@router.get("/campaigns/{campaign}", dependencies=[READS])
def campaign_page(
    request: Request, deps: Deps, viewer: SignedIn, campaign: str, *, saved: bool = False, notice: str = ""
) -> Response:
    """A draft in its editor; anything later with its progress and report."""
    found = find(deps, viewer, campaign)
    if found.status is CampaignStatus.DRAFT:
        draft = draft_of(deps.store, found, deps.store.campaigns.variants(found.id))
        return _editor(request, deps, found, draft, saved=saved, notice=notice)
    return pages_of(request).render(
        request,
        "campaigns/campaign.html",
        campaign=found,
        progress=_progress(request, deps, found),
        report=report(request, deps, found),
        judged=_judged(request, deps, found),
        asks=ReportSegments(found.id) if deps.contacts is not None else None,
        follow_ups=[one.value for one in FollowUp],
        variants=deps.store.campaigns.variants(found.id),
        downloads=downloads_of(deps.store, deps.campaigns.files, found),
        soon=deps.clock.now() + UNDO_SECONDS * MICROS_PER_SECOND,
    )


@router.get("/campaigns/{campaign}/estimate", dependencies=[READS])
def estimate(request: Request, deps: Deps, viewer: SignedIn, campaign: str) -> Response:
    """How many opens cannot be seen: a part of the page that is asked for by itself, since it looks at much."""
    found = find(deps, viewer, campaign)
    hidden = report_cache_of(request).get(("hidden", found.id, found.status), lambda: hidden_of(deps.store, found))
    return pages_of(request).render(request, "campaigns/estimate.html", words=hidden_words(hidden))


@router.post("/campaigns/{campaign}", dependencies=[WRITES, takes(LARGE_FORM), does("campaigns change")])
def save(request: Request, deps: Deps, form: PostedLarge, campaign: str) -> Response:
    """Store the draft, or show it again with the error and all input."""
    found = find(deps, form.viewer, campaign)
    draft, problem = read_draft(deps.store, form.data, found)
    if not problem:
        try:
            _save(deps, form.viewer, found, draft, add=bool(form.data.get("add_variant")))
        except InputError as error:
            problem = str(error)
    return _editor(request, deps, found, draft, error=problem) if problem else to_page(found, "?saved=1")


def _save(deps: WebDeps, viewer: Viewer, campaign: Campaign, draft: CampaignForm, *, add: bool) -> None:
    if draft.details["sender"].strip():
        permitted_sender(viewer.user.address, viewer.user.senders, draft.details["sender"])
    contents = complete(draft.contents)
    if add:
        free = next((name for name in _VARIANTS if name not in contents), None)
        if free is None:
            raise InputError(f"A test has at most {MAX_VARIANTS} variants.")
        contents[free] = VariantContent()
    change_campaign(deps.store, campaign.id, draft.details, contents, draft.audience, draft.options)


def _editor(  # noqa: PLR0917 - what a page is made of
    request: Request,
    deps: WebDeps,
    campaign: Campaign,
    draft: CampaignForm,
    error: str = "",
    notice: str = "",
    *,
    saved: bool = False,
) -> Response:
    store = deps.store
    return pages_of(request).render(
        request,
        "campaigns/edit.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        campaign=campaign,
        draft=draft,
        lists=store.lists.every(),
        totals=store.lists.totals(),
        tags=store.contacts.tag_names(),
        known_fields=store.contacts.fields(),
        files=store.campaigns.files(campaign.id),
        variants_left=len(_VARIANTS) > len(draft.contents),
        error=error,
        saved=saved,
        notice=notice,
    )


@router.post(
    "/campaigns/{campaign}/preview",
    dependencies=[WRITES, takes(LARGE_FORM), unrecorded("shows a draft and stores nothing")],
)
def show_preview(deps: Deps, form: PostedLarge, campaign: str) -> Response:
    """Preview of the input for one contact: the document inside the sandboxed frame, without tracking."""
    seen, problem = _typed(deps, form, campaign)
    if seen is None:
        page = mail_frame.text_document(problem)
    elif seen.html and form.data.get("part") != "text":
        page = mail_frame.html_document(seen.html)
    else:
        page = mail_frame.text_document(seen.text)
    return mail_frame.framed(page)


@router.post(
    "/campaigns/{campaign}/look",
    dependencies=[WRITES, takes(LARGE_FORM), unrecorded("shows a draft and stores nothing")],
)
def look(request: Request, deps: Deps, form: PostedLarge, campaign: str) -> Response:
    """Its entry in a mailbox: subject, first words, size; or the composing error."""
    seen, problem = _typed(deps, form, campaign)
    return pages_of(request).render(request, "campaigns/preview.html", seen=seen, problem=problem)


def _typed(deps: WebDeps, form: LargeForm, campaign: str) -> tuple[CopyPreview | None, str]:
    found = find(deps, form.viewer, campaign)
    draft, problem = read_draft(deps.store, form.data, found)
    if problem:
        return None, problem
    wanted, address = form.data.get("look_variant", "A"), str(form.data.get("look_contact", "")).strip()
    try:
        changed, variants = with_content(draft, found, deps.store.campaigns.variants(found.id))
        contact = someone(deps.store, changed, deps.clock.now(), address)
        if address and contact is None:
            return None, f"{address} is not a contact."
        variant = next((one for one in variants if one.name == wanted), variants[0])
        return preview_copy(deps.campaigns.contents, changed, variant, contact), ""
    except PostludeError as error:
        return None, str(error)


@router.get("/campaigns/{campaign}/checks", dependencies=[READS])
def checks(request: Request, deps: Deps, viewer: SignedIn, campaign: str) -> Response:
    """The checks before sending, and the form that sends it."""
    found = find(deps, viewer, campaign)
    now = deps.clock.now()
    findings = check_campaign(deps.store, deps.campaigns.contents, found, now, deps.campaigns.has_key)
    blocked = any(one.level is Level.ERROR for one in findings)
    size = 0 if blocked else deps.store.contacts.audience_count(audience_at(deps.store, found, now))
    return pages_of(request).render(
        request,
        "campaigns/checks.html",
        campaign=found,
        findings=findings,
        audience=size,
        blocked=blocked,
        serious=any(one.level is Level.SERIOUS for one in findings),
        forecast=deps.campaigns.forecast(size) if size else "",
        undo_seconds=UNDO_SECONDS,
    )


def _progress(request: Request, deps: WebDeps, campaign: Campaign) -> CampaignProgress:
    """With the rate of the last seconds, if the page was requested that long ago."""
    seen: dict[int, CampaignProgress] = request.app.state.progress
    now = progress_of(deps.store, deps.clock, campaign, seen.get(campaign.id))
    before = seen.get(campaign.id)
    if campaign.status is not CampaignStatus.SENDING:
        seen.pop(campaign.id, None)
    elif before is None or now.at - before.at > _RATE_OVER_US:
        seen[campaign.id] = now
    return now
