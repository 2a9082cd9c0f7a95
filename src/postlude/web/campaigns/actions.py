"""Actions on a campaign: files, test mail, send, pause, cancel, follow-up."""

import mimetypes
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Response, UploadFile
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.ids import parse_id
from postlude.mail.mailboxes import read_mailboxes
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import Via
from postlude.services.campaigns.checks import Level, check_campaign
from postlude.services.campaigns.downloads import replace_hosted, withdraw_hosted
from postlude.services.campaigns.drafts import copy_campaign, remove_variant
from postlude.services.campaigns.files import MAX_HOSTED, attach_file, remove_file
from postlude.services.campaigns.follow_up import FollowUp, follow_up
from postlude.services.campaigns.lifecycle import (
    cancel_campaign,
    choose_winner,
    delete_draft,
    pause_campaign,
    resume_campaign,
)
from postlude.services.campaigns.preview import someone
from postlude.services.campaigns.scheduling import UNDO_SECONDS, schedule_campaign
from postlude.services.campaigns.test_mail import compose_test_mail
from postlude.services.campaigns.variants import local_moment
from postlude.services.messages.accept import NewMessage
from postlude.store.campaigns.rows import Campaign
from postlude.web.audit_trail import does
from postlude.web.campaigns.draft_pages import find, to_page
from postlude.web.deps import Deps, WebDeps
from postlude.web.permissions import WRITES
from postlude.web.request_limits import FILE, takes
from postlude.web.session import Posted

router = APIRouter()

_UNKNOWN_TYPE: Final = "application/octet-stream"


@router.post("/campaigns/{campaign}/files", dependencies=[WRITES, takes(FILE), does("campaigns files")])
async def add_file(
    deps: Deps,
    viewer: Posted,
    campaign: str,
    *,
    file: Annotated[UploadFile, File()],
    hosted: Annotated[bool, Form()] = False,
) -> Response:
    """Add a file to the draft."""
    found = await run_in_threadpool(find, deps, viewer, campaign)
    name = file.filename or "file"
    content = await file.read(MAX_HOSTED + 1)
    kind = mimetypes.guess_type(name)[0] or _UNKNOWN_TYPE
    folder = deps.campaigns.files
    await run_in_threadpool(attach_file, deps.store, folder, found.id, name, kind, content, hosted=hosted)
    return to_page(found, "?saved=1#files")


@router.post("/campaigns/{campaign}/files/{file}/remove", dependencies=[WRITES, does("campaigns files-remove")])
def drop_file(deps: Deps, viewer: Posted, campaign: str, file: str) -> Response:
    """Take a file from the draft."""
    found = find(deps, viewer, campaign)
    wanted = next((one for one in deps.store.campaigns.files(found.id) if one.id == parse_id(file)), None)
    if wanted is None:
        raise NotFoundError(f"the campaign has no file {file}")
    remove_file(deps.store, deps.campaigns.files, wanted)
    return to_page(found, "#files")


@router.post("/campaigns/{campaign}/downloads", dependencies=[WRITES, takes(FILE), does("campaigns files")])
async def replace_download(
    deps: Deps, viewer: Posted, campaign: str, *, name: Annotated[str, Form()], file: Annotated[UploadFile, File()]
) -> Response:
    """Serve another content to who follows the links of a hosted file from now on."""
    found = await run_in_threadpool(find, deps, viewer, campaign)
    content = await file.read(MAX_HOSTED + 1)
    await run_in_threadpool(replace_hosted, deps.store, deps.campaigns.files, found, name, content)
    return to_page(found, "#downloads")


@router.post("/campaigns/{campaign}/downloads/withdraw", dependencies=[WRITES, does("campaigns files", "name")])
def withdraw_download(deps: Deps, viewer: Posted, campaign: str, name: Annotated[str, Form()]) -> Response:
    """Serve a hosted file no more."""
    found = find(deps, viewer, campaign)
    withdraw_hosted(deps.store, deps.campaigns.files, found, name)
    return to_page(found, "#downloads")


@router.post("/campaigns/{campaign}/variants/{name}/remove", dependencies=[WRITES, does("campaigns change")])
def drop_variant(deps: Deps, viewer: Posted, campaign: str, name: str) -> Response:
    """Drop a variant of the draft."""
    found = find(deps, viewer, campaign)
    remove_variant(deps.store, found.id, name)
    return to_page(found)


@router.post("/campaigns/{campaign}/test", dependencies=[WRITES, does("campaigns test", "address")])
async def send_test(
    deps: Deps,
    viewer: Posted,
    campaign: str,
    to: Annotated[str, Form()] = "",
    *,
    contact: Annotated[str, Form()] = "",
    variant: Annotated[str, Form()] = "A",
) -> Response:
    """Send what is saved to ourselves; it carries nothing live."""
    found = await run_in_threadpool(find, deps, viewer, campaign)
    recipients = list(dict.fromkeys(box.spelled for box in read_mailboxes(to)))
    raw = await run_in_threadpool(_test_mail, deps, found, contact.strip(), variant, recipients)
    await deps.submit(
        NewMessage(user=viewer.user.id, via=Via.WEB, mail_from=viewer.user.address, recipients=recipients, raw=raw)
    )
    return to_page(found, "?notice=test")


def _test_mail(deps: WebDeps, campaign: Campaign, contact: str, variant: str, recipients: list[str]) -> bytes:
    person = someone(deps.store, campaign, deps.clock.now(), contact)
    if contact and person is None:
        raise InputError(f"{contact} is not a contact.")
    variants = deps.store.campaigns.variants(campaign.id)
    wanted = next((one for one in variants if one.name == variant), variants[0])
    return compose_test_mail(deps.campaigns.contents, campaign, wanted, person, recipients)


@router.post("/campaigns/{campaign}/schedule", dependencies=[WRITES, does("campaigns schedule")])
def schedule(
    deps: Deps,
    viewer: Posted,
    campaign: str,
    at: Annotated[str, Form()] = "",
    *,
    anyway: Annotated[bool, Form()] = False,
) -> Response:
    """Schedule it in its own time zone, or send it at once, after some seconds in which it can be undone."""
    found = find(deps, viewer, campaign)
    findings = check_campaign(deps.store, deps.campaigns.contents, found, deps.clock.now(), deps.campaigns.has_key)
    bad = [one.text for one in findings if one.level is Level.ERROR or (one.level is Level.SERIOUS and not anyway)]
    if bad:
        raise InputError("It was not sent: " + "; ".join(bad))
    moment = _moment(deps, found, at.strip())
    return to_page(schedule_campaign(deps.store, deps.campaigns.contents, deps.clock, found.id, moment))


def _moment(deps: WebDeps, campaign: Campaign, text: str) -> int:
    if not text:
        return deps.clock.now() + UNDO_SECONDS * MICROS_PER_SECOND
    try:
        moment = local_moment(text, campaign.options.time_zone)
    except ValueError as error:
        raise InputError(f"{text!r} is not a valid time; write 2026-11-26 09:30") from error
    if moment < deps.clock.now():
        raise InputError(f"{text} is in the past in {campaign.options.time_zone}; leave the time empty to send at once")
    return moment


@router.post("/campaigns/{campaign}/pause", dependencies=[WRITES, does("campaigns pause")])
def pause(deps: Deps, viewer: Posted, campaign: str) -> Response:
    """Pause it; one that is only scheduled becomes a draft again."""
    return to_page(pause_campaign(deps.store, find(deps, viewer, campaign).id))


@router.post("/campaigns/{campaign}/resume", dependencies=[WRITES, does("campaigns resume")])
def resume(deps: Deps, viewer: Posted, campaign: str) -> Response:
    """Resume it."""
    return to_page(resume_campaign(deps.store, find(deps, viewer, campaign).id))


@router.post("/campaigns/{campaign}/cancel", dependencies=[WRITES, does("campaigns cancel")])
def cancel(deps: Deps, viewer: Posted, campaign: str) -> Response:
    """End it: what has not left never does."""
    return to_page(cancel_campaign(deps.store, deps.clock, find(deps, viewer, campaign).id))


@router.post("/campaigns/{campaign}/winner", dependencies=[WRITES, does("campaigns winner", "variant")])
def winner(deps: Deps, viewer: Posted, campaign: str, variant: Annotated[str, Form()] = "") -> Response:
    """End the A/B test by hand."""
    return to_page(choose_winner(deps.store, find(deps, viewer, campaign).id, variant))


@router.post("/campaigns/{campaign}/follow-up", dependencies=[WRITES, does("campaigns follow-up")])
def write_again(deps: Deps, viewer: Posted, campaign: str, who: Annotated[str, Form()] = "") -> Response:
    """A draft for some of its recipients."""
    if who not in set(FollowUp):
        raise InputError("Choose the recipients of the follow-up.")
    return to_page(
        follow_up(deps.store, deps.campaigns.files, deps.clock, find(deps, viewer, campaign).id, FollowUp(who))
    )


@router.post("/campaigns/{campaign}/copy", dependencies=[WRITES, does("campaigns copy")])
def copy(deps: Deps, viewer: Posted, campaign: str) -> Response:
    """Copy it into a new draft."""
    return to_page(copy_campaign(deps.store, deps.campaigns.files, deps.clock, find(deps, viewer, campaign).id))


@router.post("/campaigns/{campaign}/delete", dependencies=[WRITES, does("campaigns delete")])
def delete(deps: Deps, viewer: Posted, campaign: str) -> Response:
    """Delete a draft."""
    delete_draft(deps.store, deps.campaigns.files, find(deps, viewer, campaign).id)
    return RedirectResponse("/campaigns", status_code=HTTPStatus.SEE_OTHER)
