"""What programs send, field by field; an unknown field is refused by name."""

import json
from base64 import b64decode
from binascii import Error
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from postlude.api.problems import ApiProblemError, ProblemCode
from postlude.mail.limits import ADDRESSES
from postlude.model.words import MessagePurpose

_MISSING: Final = "missing"
_UNKNOWN: Final = "extra_forbidden"
_UNREADABLE: Final = "json_invalid"


def _in_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Addresses = Annotated[list[str], BeforeValidator(_in_list), Field(max_length=ADDRESSES)]
"""`"Anna <anna@example.org>"`, or several in a list."""


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class AttachmentBody(_Body):
    """A file of a mail."""

    filename: str = Field(max_length=255)
    content: str = Field(description="Base64")
    content_type: str = Field(default="application/octet-stream", max_length=200)
    content_id: str = Field(default="", description="As the HTML names it (`cid:logo`); empty: an attachment")

    def octets(self) -> bytes:
        """The file; ValueError when it is not Base64."""
        return b64decode("".join(self.content.split()), validate=True)


class TrackBody(_Body):
    """What is tracked; what is left out follows the preferences of the key's user."""

    opens: bool | None = None
    clicks: bool | None = None
    skip: list[str] = Field(
        default=[], description="Hosts, beginnings of URLs or positions of links that are never tracked"
    )


class MessageBody(_Body):
    """A mail, part by part."""

    sender: str = Field(alias="from", description="`Anna <anna@example.org>`")
    to: Addresses = []
    cc: Addresses = []
    bcc: Addresses = []
    reply_to: Addresses = []
    subject: str = Field(default="", max_length=10_000)
    text: str = ""
    html: str = ""
    headers: dict[str, str] = Field(default={}, max_length=100)
    attachments: list[AttachmentBody] = Field(default=[], max_length=100)
    purpose: Annotated[MessagePurpose | None, Field(strict=False)] = None
    track: TrackBody = TrackBody()


def read_message_body(body: bytes) -> MessageBody:
    """The body; a problem that names its first wrong field as a JSON pointer (RFC 6901)."""
    try:
        read = MessageBody.model_validate_json(body)
    except ValidationError as error:
        raise _problem(error.errors(include_url=False, include_context=False)[0]) from None
    json.loads(body, object_pairs_hook=_once)
    for number, file in enumerate(read.attachments):
        try:
            file.octets()
        except (Error, ValueError):
            field = f"/attachments/{number}/content"
            raise ApiProblemError(ProblemCode.FIELD_INVALID, f"{field}: this is not Base64", field) from None
    return read


def _once(pairs: list[tuple[str, Any]]) -> None:
    """The reader of bodies takes the last of two fields with one name, and nothing that is sent is ignored."""
    seen = set[str]()
    for name, _ in pairs:
        if name in seen:
            raise ApiProblemError(ProblemCode.BODY_INVALID, f"The body has the field {name!r} twice in one object.")
        seen.add(name)


def _problem(first: Any) -> ApiProblemError:  # noqa: ANN401 - pydantic's own dictionary
    if first["type"] == _UNREADABLE:
        return ApiProblemError(ProblemCode.BODY_INVALID, f"The body is not JSON: {first['msg']}")
    pointer = "".join(f"/{_escaped(part)}" for part in first["loc"])
    code = {_MISSING: ProblemCode.FIELD_MISSING, _UNKNOWN: ProblemCode.FIELD_UNKNOWN}.get(
        first["type"], ProblemCode.FIELD_INVALID
    )
    return ApiProblemError(code, f"{pointer or 'The body'}: {first['msg']}", pointer)


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
