"""`/v1/messages`: hand in a mail, list what was sent, see what became of one."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from postlude.api.bodies import Addresses, MessageBody, read_message_body
from postlude.api.cursor import message_cursor, read_message_cursor
from postlude.api.declared import API_PREFIX, MESSAGE_BODY, asks
from postlude.api.deps import ApiDeps, Caller, Deps
from postlude.api.problems import ApiProblemError, ProblemCode
from postlude.compose.written_mail import WrittenFile, WrittenMail, written_mail
from postlude.kit.ids import id_text, new_id, parse_id
from postlude.mail.authors import AUTHORS, author_fault
from postlude.mail.header_block import HeaderBlock, without_fields
from postlude.mail.limits import head_refusal
from postlude.mail.mailboxes import read_mailboxes, read_one_mailbox
from postlude.model.address import AddressError, Mailbox, read_mailbox
from postlude.model.api_scope import ApiScope
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import Via
from postlude.services.accounts.api_keys import ApiCaller
from postlude.services.accounts.sender_rights import may_send_as
from postlude.services.messages.accept import NewMessage, with_crlf
from postlude.services.reports.public_json import message_of, sent_of, timeline_of

router = APIRouter(prefix=API_PREFIX, tags=["messages"])

_JSON: Final = "application/json"
_MAIL: Final = "message/rfc822"
_HIDDEN: Final = frozenset({"bcc", "resent-bcc"})
_BODIES: Final[dict[str, Any]] = {
    "required": True,
    "content": {
        _JSON: {
            "schema": MessageBody.model_json_schema(ref_template="#/components/schemas/{model}"),
            "example": {
                "from": "Anna <anna@example.org>",
                "to": ["bob@example.com"],
                "subject": "Your order",
                "html": '<p>It is <a href="https://example.org/o/1">on its way</a>.</p>',
                "purpose": "transactional",
            },
        },
        _MAIL: {"schema": {"type": "string", "format": "binary"}},
    },
}


class SentQuery(BaseModel):
    """Parameters of the list."""

    model_config = ConfigDict(extra="forbid")

    after: str = Field(default="", description="`cursor` of an earlier answer; empty: from the newest on")
    limit: int = Field(default=50, ge=1, le=200)


@router.post(
    "/messages",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra=asks(ApiScope.SEND, MESSAGE_BODY, requestBody=_BODIES),
    responses={
        202: {"description": "The message is stored for sending"},
        409: {"description": "A call with this Idempotency-Key is being answered"},
        422: {"description": "A field is wrong, or the message cannot be sent"},
    },
)
async def send_message(
    request: Request, deps: Deps, caller: Caller, idempotency_key: Annotated[str | None, Header()] = None
) -> JSONResponse:
    """Accept a mail: its bytes are on disk when the answer comes. JSON, or a whole mail as `message/rfc822`.

    With an `Idempotency-Key` the call can be repeated for seven days: the mail is accepted once, and the answer is the
    same with `Idempotent-Replayed: true`.
    """
    body, kind = await request.body(), request.headers.get("content-type", "").partition(";")[0].strip().lower()
    accept = partial(_accept, deps, caller, body, kind)
    if idempotency_key is None:
        return JSONResponse(await accept(new_id(), deps.clock.now()), HTTPStatus.ACCEPTED)
    signed = kind.encode() + b"\0" + body
    answer, replayed = await deps.calls.run(caller.user.id, idempotency_key, signed, accept)
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return JSONResponse(answer, HTTPStatus.ACCEPTED, headers)


@router.get("/messages", openapi_extra=asks(ApiScope.READ))
def list_messages(deps: Deps, caller: Caller, asked: Annotated[SentQuery, Query()]) -> dict[str, Any]:
    """The caller's messages, newest first, each with what became of it."""
    before = read_message_cursor(asked.after) if asked.after else None
    rows = deps.reports.messages(user=caller.user.id, before=before, limit=asked.limit + 1)
    shown, more = rows[: asked.limit], len(rows) > asked.limit
    cursor = message_cursor(shown[-1].message) if more else None
    return {"messages": [sent_of(one) for one in shown], "cursor": cursor, "more": more}


@router.get("/messages/{message}", openapi_extra=asks(ApiScope.READ))
def get_message(deps: Deps, caller: Caller, message: str) -> dict[str, Any]:
    """One message: its copies and links with what became of them."""
    return message_of(deps.reports, _mine(deps, caller, message))


@router.get("/messages/{message}/timeline", openapi_extra=asks(ApiScope.READ))
def get_timeline(deps: Deps, caller: Caller, message: str) -> dict[str, Any]:
    """The newest events of a message, oldest first, in words."""
    return {"timeline": timeline_of(deps.reports, _mine(deps, caller, message))}


def _mine(deps: ApiDeps, caller: ApiCaller, text: str) -> int:
    number = parse_id(text)
    found = deps.store.messages.get_many({number}) if number else {}
    if number is None or number not in found or found[number].user != caller.user.id:
        raise NotFoundError(f"{text[:40]!r} is the id of no message of this key's user")
    return number


async def _accept(  # noqa: PLR0917 - given by the call, then by its reservation
    deps: ApiDeps, caller: ApiCaller, body: bytes, kind: str, message: int, at: int
) -> dict[str, str]:
    make = {_JSON: _from_json, _MAIL: _from_mail}.get(kind)
    if make is None:
        raise ApiProblemError(ProblemCode.BODY_INVALID, f"Content-Type is {kind or 'missing'}")
    new = await run_in_threadpool(make, caller, body, message, at)
    return {"message": id_text(await deps.submit(new))}


def _from_json(caller: ApiCaller, body: bytes, message: int, at: int) -> NewMessage:
    asked = read_message_body(body)
    sender = _one("/from", asked.sender)
    _check_sender(caller, sender.spelled, "/from")
    to, cc, bcc = _many("/to", asked.to), _many("/cc", asked.cc), _many("/bcc", asked.bcc)
    recipients = tuple(dict.fromkeys(box.spelled for box in (*to, *cc, *bcc)))
    if not recipients:
        raise ApiProblemError(ProblemCode.FIELD_MISSING, "/to: name at least one recipient", "/to")
    mail = WrittenMail(
        sender,
        to,
        cc,
        _many("/reply_to", asked.reply_to),
        asked.subject,
        asked.text,
        asked.html,
        [WrittenFile(one.filename, one.content_type, one.octets(), one.content_id) for one in asked.attachments],
        asked.headers | _switches(asked),
    )
    return NewMessage(
        user=caller.user.id,
        via=Via.API,
        mail_from=caller.user.address,
        recipients=recipients,
        raw=written_mail(mail, message, at),
        purpose=asked.purpose.value if asked.purpose else "",
        message=message,
        at=at,
    )


def _from_mail(caller: ApiCaller, body: bytes, message: int, at: int) -> NewMessage:
    if refusal := head_refusal(body):
        raise InputError(refusal)
    mail = with_crlf(body)  # as it leaves: a bare CR begins a field, too
    head = HeaderBlock(mail)
    for name in AUTHORS:
        for address in head.claimed(name):
            _check_sender(caller, address, "")
    if fault := author_fault(head):
        raise InputError(fault.text)
    recipients = tuple(
        dict.fromkeys(read_mailbox(address).spelled for name in ("to", "cc", "bcc") for address in head.addresses(name))
    )
    return NewMessage(
        user=caller.user.id,
        via=Via.API,
        mail_from=caller.user.address,
        recipients=recipients,
        raw=without_fields(mail, head, _HIDDEN),
        message=message,
        at=at,
    )


def _switches(asked: MessageBody) -> dict[str, str]:
    chosen = {"X-Postlude-Opens": asked.track.opens, "X-Postlude-Clicks": asked.track.clicks}
    found = {name: "on" if value else "off" for name, value in chosen.items() if value is not None}
    return found | ({"X-Postlude-Skip": ", ".join(asked.track.skip)} if asked.track.skip else {})


def _check_sender(caller: ApiCaller, address: str, field: str) -> None:
    own = (caller.user.address, *caller.user.senders)
    if not may_send_as(address, own) or (caller.key.senders and not may_send_as(address, caller.key.senders)):
        raise ApiProblemError(ProblemCode.SENDER_NOT_YOURS, f"This key may not send as {address[:100]}.", field)


def _one(field: str, text: str) -> Mailbox:
    try:
        return read_one_mailbox(text)
    except InputError as error:
        raise ApiProblemError(ProblemCode.FIELD_INVALID, f"{field}: {error}", field) from error


def _many(field: str, texts: Addresses) -> list[Mailbox]:
    found = []
    for number, text in enumerate(texts):
        try:
            found += read_mailboxes(text)
        except AddressError as error:
            place = f"{field}/{number}"
            raise ApiProblemError(
                ProblemCode.FIELD_INVALID, f"{place}: {error.reason}; {error.remedy}", place
            ) from error
    return found
