"""Errors of the API: RFC 9457, a closed list of codes, each with what to do about it."""

from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from starlette.responses import JSONResponse

from postlude.model.errors import InputError


class ProblemCode(StrEnum):
    """What went wrong. Codes are only added."""

    KEY_MISSING = "key_missing"
    KEY_INVALID = "key_invalid"
    SCOPE_MISSING = "scope_missing"
    SENDER_NOT_YOURS = "sender_not_yours"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    BODY_TOO_LARGE = "body_too_large"
    BODY_INVALID = "body_invalid"
    FIELD_UNKNOWN = "field_unknown"
    FIELD_MISSING = "field_missing"
    FIELD_INVALID = "field_invalid"
    PARAMETER_UNKNOWN = "parameter_unknown"
    PARAMETER_INVALID = "parameter_invalid"
    MESSAGE_INVALID = "message_invalid"
    CURSOR_INVALID = "cursor_invalid"
    CURSOR_EXPIRED = "cursor_expired"
    KEY_REUSED = "idempotency_key_reused"
    KEY_IN_USE = "idempotency_key_in_use"
    RATE_LIMITED = "rate_limited"
    QUOTA_EXCEEDED = "quota_exceeded"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class ProblemKind(NamedTuple):
    """What is the same of every problem with one code."""

    status: HTTPStatus
    title: str
    hint: str
    """What the caller does about it."""


KINDS: Final[dict[ProblemCode, ProblemKind]] = {
    ProblemCode.KEY_MISSING: ProblemKind(
        HTTPStatus.UNAUTHORIZED,
        "The request has no API key",
        "Send `Authorization: Bearer KEY`. `postlude api-key new` makes one.",
    ),
    ProblemCode.KEY_INVALID: ProblemKind(
        HTTPStatus.UNAUTHORIZED,
        "The API key is unknown or has ended",
        "Use a key that `postlude api-key list` shows as usable, or make a new one.",
    ),
    ProblemCode.SCOPE_MISSING: ProblemKind(
        HTTPStatus.FORBIDDEN,
        "The API key does not permit this",
        "Make a key with the scope that the detail names, for a user whose role permits it.",
    ),
    ProblemCode.SENDER_NOT_YOURS: ProblemKind(
        HTTPStatus.FORBIDDEN,
        "The key may not send as this address",
        "Write as an address of the key's user, or let the operator add it: `postlude user send-as`.",
    ),
    ProblemCode.NOT_FOUND: ProblemKind(
        HTTPStatus.NOT_FOUND,
        "There is nothing here",
        "Check the path and the id. A message that was accepted is found a moment later.",
    ),
    ProblemCode.METHOD_NOT_ALLOWED: ProblemKind(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "This path does not take this method",
        "The description at `/v1/openapi.json` lists every path with its methods.",
    ),
    ProblemCode.BODY_TOO_LARGE: ProblemKind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The request is too large",
        "Send less. The detail names the limit.",
    ),
    ProblemCode.BODY_INVALID: ProblemKind(
        HTTPStatus.BAD_REQUEST,
        "The body cannot be read",
        "Send JSON as `application/json`, or a whole mail as `message/rfc822`.",
    ),
    ProblemCode.FIELD_UNKNOWN: ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The body has a field that this call does not know",
        "Remove the field, or correct its name. Nothing that is sent is ignored.",
    ),
    ProblemCode.FIELD_MISSING: ProblemKind(HTTPStatus.UNPROCESSABLE_ENTITY, "The body lacks a field", "Add the field."),
    ProblemCode.FIELD_INVALID: ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A field of the body has a value that cannot be used",
        "Correct the value; the detail says what is expected.",
    ),
    ProblemCode.PARAMETER_UNKNOWN: ProblemKind(
        HTTPStatus.BAD_REQUEST,
        "The address has a parameter that this call does not know",
        "Remove the parameter, or correct its name.",
    ),
    ProblemCode.PARAMETER_INVALID: ProblemKind(
        HTTPStatus.BAD_REQUEST,
        "A parameter has a value that cannot be used",
        "Correct the value; the detail says what is expected.",
    ),
    ProblemCode.MESSAGE_INVALID: ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The message cannot be sent as it is",
        "Correct the message; the detail says what is wrong.",
    ),
    ProblemCode.CURSOR_INVALID: ProblemKind(
        HTTPStatus.BAD_REQUEST,
        "This is not a cursor",
        "Use a `cursor` of an earlier answer as it is, or leave `after` out.",
    ),
    ProblemCode.CURSOR_EXPIRED: ProblemKind(
        HTTPStatus.GONE,
        "Events behind this cursor are no longer kept",
        "Begin anew without `after`; what lies between is in the export of events.",
    ),
    ProblemCode.KEY_REUSED: ProblemKind(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The Idempotency-Key was used for another body",
        "Use a new key for each message, and the same key only to repeat a call.",
    ),
    ProblemCode.KEY_IN_USE: ProblemKind(
        HTTPStatus.CONFLICT,
        "A call with this Idempotency-Key is being answered",
        "Repeat the call after the time in `Retry-After`.",
    ),
    ProblemCode.RATE_LIMITED: ProblemKind(
        HTTPStatus.TOO_MANY_REQUESTS,
        "There were too many calls with this key",
        "Wait for the time in `Retry-After`.",
    ),
    ProblemCode.QUOTA_EXCEEDED: ProblemKind(
        HTTPStatus.TOO_MANY_REQUESTS,
        "The user of this key has sent as much as they may for now",
        "Wait, or let the operator raise the limit: `postlude user limit`.",
    ),
    ProblemCode.UNAVAILABLE: ProblemKind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "A store or the disk cannot be reached",
        "Repeat the call in a moment, a POST with its Idempotency-Key.",
    ),
    ProblemCode.INTERNAL: ProblemKind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "Details are in the server's log under the request's id. Repeat the call in a moment.",
    ),
}


class ApiProblemError(InputError):
    """The call is refused. The code says why, its page what to do."""

    def __init__(self, code: ProblemCode, detail: str = "", field: str = "", retry_after_s: int = 0) -> None:
        super().__init__(detail or KINDS[code].title)
        self.code: Final = code
        self.detail: Final = detail
        self.field: Final = field
        self.retry_after_s: Final = retry_after_s


def problem_response(problem: ApiProblemError, base: str, request_id: str) -> JSONResponse:
    """The answer to a refused call."""
    kind = KINDS[problem.code]
    page = f"{base}/v1/problems/{problem.code}"
    told: dict[str, Any] = {
        "type": page,
        "title": kind.title,
        "status": int(kind.status),
        "detail": (problem.detail or kind.title).encode("utf-8", "replace").decode(),
        "code": problem.code.value,
        "hint": kind.hint,
        "docs": page,
        "request_id": request_id,
    }
    if problem.field:
        told["field"] = problem.field
    headers = {"Retry-After": str(problem.retry_after_s)} if problem.retry_after_s else {}
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(told, kind.status, headers, media_type="application/problem+json")
