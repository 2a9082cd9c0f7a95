"""The sandbox's mailbox: what the recipients see, and what they can do with it."""

from http import HTTPStatus
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse

from postlude.adapters.loopback import InboundClient, post_form
from postlude.adapters.sandbox_outbox import DeliveredMail, SandboxOutbox
from postlude.mail.header_block import HeaderBlock, decoded
from postlude.model.errors import NotFoundError
from postlude.services.sandbox.recipient import Artefact, RecipientAction, SandboxRecipient
from postlude.tokens import TagPurpose
from postlude.web import mail_frame
from postlude.web.audit_trail import unrecorded
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import WRITES
from postlude.web.session import Posted, SignedIn, Viewer

router = APIRouter()

_PAGE = 50


class SandboxMail(NamedTuple):
    """A mail as the list shows it."""

    id: str
    at: int
    to: str
    sender: str
    subject: str
    message: int
    """Id of the message it is a copy of, 0 when that is not known."""


@router.get("/mailbox", dependencies=[WRITES])
def mailbox_page(request: Request, deps: Deps, viewer: SignedIn, before: str = "") -> Response:
    """Every mail of the viewer's that the sandbox delivered, newest first."""
    outbox = _outbox(deps)
    mails = outbox.list(limit=_PAGE, before=before)
    entries = [_entry(deps, mail, outbox.get(mail.id).data) for mail in mails]
    mine = [entry for entry in entries if _may_see(deps, viewer, entry.message)]
    older = mails[-1].id if len(mails) == _PAGE else ""
    return pages_of(request).render(request, "sandbox/mailbox.html", entries=mine, older=older, first=not before)


@router.get("/mailbox/{mail}", dependencies=[WRITES])
def mail_page(request: Request, deps: Deps, viewer: SignedIn, mail: str) -> Response:
    """One mail in its frame."""
    return _page(request, deps, viewer, mail)


@router.get("/mailbox/{mail}/body", dependencies=[WRITES])
def body(deps: Deps, viewer: SignedIn, mail: str) -> Response:
    """The document inside the frame, with its own policy."""
    _, raw = _find(deps, viewer, mail)
    return mail_frame.framed(mail_frame.document(raw))


@router.get("/mailbox/{mail}/source", dependencies=[WRITES])
def source(deps: Deps, viewer: SignedIn, mail: str) -> Response:
    """The mail's bytes, as text."""
    _, raw = _find(deps, viewer, mail)
    return PlainTextResponse(raw)


@router.post(
    "/mailbox/{mail}/{action}",
    dependencies=[WRITES, unrecorded("plays a recipient in the sandbox; what it causes is an event")],
)
async def act(
    request: Request, deps: Deps, viewer: Posted, mail: str, action: str, *, text: Annotated[str, Form()] = ""
) -> Response:
    """Do what a recipient does, and show what that sent."""
    if action not in set(RecipientAction):
        raise NotFoundError(f"there is no action {action!r} for a mail")
    entry, raw = await run_in_threadpool(_find, deps, viewer, mail)
    envelope = _outbox(deps).get(entry.id)[0].envelope
    hands = SandboxRecipient(InboundClient(*deps.inbound), post_form, deps.edge_url, deps.clock)
    done = await hands.act(
        RecipientAction(action), raw, mail_from=envelope.mail_from, recipient=envelope.rcpt_to, text=text
    )
    return await run_in_threadpool(_page, request, deps, viewer, mail, done)


def _page(request: Request, deps: WebDeps, viewer: Viewer, mail: str, done: Artefact | None = None) -> Response:
    entry, raw = _find(deps, viewer, mail)
    return pages_of(request).render(
        request,
        "sandbox/mail.html",
        status=HTTPStatus.OK,
        entry=entry,
        html=mail_frame.has_html(raw),
        unsubscribable=bool(HeaderBlock(raw).first("list-unsubscribe")),
        done=done,
    )


def _find(deps: WebDeps, viewer: Viewer, mail: str) -> tuple[SandboxMail, bytes]:
    found, raw = _outbox(deps).get(mail)
    entry = _entry(deps, found, raw)
    if not _may_see(deps, viewer, entry.message):
        raise NotFoundError(f"no mail of yours has the id {mail}")
    return entry, raw


def _entry(deps: WebDeps, mail: DeliveredMail, raw: bytes) -> SandboxMail:
    head = HeaderBlock(raw)
    return SandboxMail(
        mail.id,
        mail.envelope.at,
        mail.envelope.rcpt_to,
        decoded(head.first("from")),
        decoded(head.first("subject")),
        _message_of(deps, mail.envelope.mail_from),
    )


def _message_of(deps: WebDeps, mail_from: str) -> int:
    """The message a return path was made for."""
    tag = mail_from.partition("@")[0].rpartition("+")[2]
    copy = deps.codec.read_tag(TagPurpose.BOUNCE, tag)
    try:
        return deps.store.messages.copy(copy).message if copy is not None else 0
    except NotFoundError:
        return 0


def _may_see(deps: WebDeps, viewer: Viewer, message: int) -> bool:
    try:
        return not message or deps.store.messages.get(message).user == viewer.user.id
    except NotFoundError:
        return True


def _outbox(deps: WebDeps) -> SandboxOutbox:
    assert deps.outbox is not None  # the router is only there with one
    return deps.outbox
