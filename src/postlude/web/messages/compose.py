"""Writing a message: the eye tracks opens, the pointing finger lists the links with a switch each."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from postlude.instrument import Policy, find_links
from postlude.kit.ids import id_text
from postlude.model.errors import InputError
from postlude.model.words import Via
from postlude.services.messages.accept import NewMessage
from postlude.web.audit_trail import does, unrecorded
from postlude.web.deps import Deps, WebDeps
from postlude.web.messages import compose_form
from postlude.web.messages.compose_form import ComposeForm
from postlude.web.messages.tracking_options import TrackingOptions, switches
from postlude.web.pages import pages_of
from postlude.web.permissions import WRITES
from postlude.web.request_limits import LARGE_FORM, takes
from postlude.web.session import Posted, SignedIn, Viewer

router = APIRouter()


def _draft(
    sender: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "",
    cc: Annotated[str, Form()] = "",
    bcc: Annotated[str, Form()] = "",
    *,
    subject: Annotated[str, Form()] = "",
    form: Annotated[str, Form()] = "text",
    body: Annotated[str, Form()] = "",
    purpose: Annotated[str, Form()] = "",
) -> ComposeForm:
    return ComposeForm(sender, to, cc, bcc, subject, form if form == "html" else "text", body, purpose)


def _choice(
    opens: Annotated[bool, Form()] = False,
    clicks: Annotated[bool, Form()] = False,
    *,
    seen: Annotated[list[str] | None, Form()] = None,
    track: Annotated[list[str] | None, Form()] = None,
) -> TrackingOptions:
    return TrackingOptions(opens, clicks, frozenset(seen or ()) - frozenset(track or ()))


FormDraft = Annotated[ComposeForm, Depends(_draft)]
FormChoice = Annotated[TrackingOptions, Depends(_choice)]


@router.get("/compose", dependencies=[WRITES])
def empty(request: Request, deps: Deps, viewer: SignedIn) -> Response:
    """An empty compose page, with the switches of the preferences."""
    wishes = deps.get_preferences(viewer.user.id)
    draft = ComposeForm(sender=viewer.user.address)
    return _page(request, viewer, draft, TrackingOptions(wishes.opens, wishes.clicks, frozenset()))


@router.post(
    "/compose/links",
    dependencies=[WRITES, takes(LARGE_FORM), unrecorded("shows the links of a text and stores nothing")],
)
def links(request: Request, deps: Deps, viewer: Posted, draft: FormDraft, choice: FormChoice) -> Response:
    """The list of links of what is typed so far."""
    wishes = deps.get_preferences(viewer.user.id)
    policy = Policy(clicks=True, text=wishes.text, exclude=wishes.exclude, headers=False)
    found = [link for link in find_links(compose_form.sketch(draft), policy) if link.where == "html"]
    return pages_of(request).render(
        request, "messages/links.html", links=compose_form.link_keys(found), off=choice.off, clicks=choice.clicks
    )


@router.post("/compose", dependencies=[WRITES, takes(LARGE_FORM), does("send")])
async def send(request: Request, deps: Deps, viewer: Posted, draft: FormDraft, choice: FormChoice) -> Response:
    """Accept the message, or show the page again with the error and all input."""
    try:
        raw, recipients = await run_in_threadpool(_message, deps, viewer, draft, choice)
        message = await deps.submit(
            NewMessage(user=viewer.user.id, via=Via.WEB, mail_from=viewer.user.address, recipients=recipients, raw=raw)
        )
    except InputError as error:
        return await run_in_threadpool(_page, request, viewer, draft, choice, str(error))
    return RedirectResponse(f"/messages/{id_text(message)}?new=1", status_code=HTTPStatus.SEE_OTHER)


def _message(deps: WebDeps, viewer: Viewer, draft: ComposeForm, choice: TrackingOptions) -> tuple[bytes, list[str]]:
    if draft.sender not in _senders(viewer):
        raise InputError(f"From: {draft.sender or 'it'} is not an address of yours")
    if not draft.body.strip():
        raise InputError("The message is empty: write a text.")
    return compose_form.message(draft, deps.clock.now(), switches(compose_form.sketch(draft), choice))


def _senders(viewer: Viewer) -> list[str]:
    """Addresses that can be chosen as they are; patterns such as `*@example.org` need a mail client."""
    return [viewer.user.address, *(s for s in viewer.user.senders if "*" not in s and s != viewer.user.address)]


def _page(request: Request, viewer: Viewer, draft: ComposeForm, choice: TrackingOptions, error: str = "") -> Response:
    return pages_of(request).render(
        request,
        "messages/compose.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        draft=draft,
        choice=choice,
        senders=_senders(viewer),
        error=error,
    )
