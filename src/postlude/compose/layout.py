"""The MIME skeleton of a campaign's messages: everything but the per-copy head, the subject and the bodies."""

import re
from binascii import b2a_base64
from collections.abc import Sequence
from enum import Enum
from hashlib import blake2b
from typing import Final

import msgspec

from postlude.compose import header
from postlude.compose.errors import TemplateError
from postlude.compose.template import Attachment, CampaignTemplate, Encoding
from postlude.mail.header_text import one_line

_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
_ID: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]+")
_BASE64_LINE: Final = 57


class LayoutSlot(Enum):
    """Parts that are filled in per copy."""

    HEAD = "head"
    """Whole header fields of this copy."""
    SUBJECT = "subject"
    """The Subject field."""
    TEXT = "text"
    """Content-Transfer-Encoding, blank line and body of a part."""
    HTML = "html"


_OWN: Final = frozenset(
    ("from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version", "reply-to", "sender", "return-path")
)


def layout(template: CampaignTemplate) -> list[bytes | LayoutSlot]:
    """The message, as bytes and slots in turn. TemplateError for invalid input."""
    out: list[bytes | LayoutSlot] = [LayoutSlot.HEAD, header.mailboxes("From", template.sender)]
    if template.reply_to:
        out.append(header.mailboxes("Reply-To", template.reply_to))
    out.append(LayoutSlot.SUBJECT)
    for name, value in template.headers:
        if name.lower() in _OWN or name.lower().startswith("content-"):
            raise TemplateError("headers", 0, f"{name} is written by Postlude; remove it")
        out.append(header.plain_field(name, value))
    out.append(b"MIME-Version: 1.0\r\n")
    return [*out, *_content(template)]


def _content(template: CampaignTemplate) -> list[bytes | LayoutSlot]:
    if not template.html.strip() and not template.text.strip():
        raise TemplateError("template", 0, "there is neither HTML nor text: add one of them")
    eight = template.encoding is Encoding.EIGHT_BIT
    mark = _mark(template)
    related = [each for each in template.attachments if each.content_id]
    mixed = [each for each in template.attachments if not each.content_id]
    if related and not template.html.strip():
        raise TemplateError(
            "attachments", 0, f"{related[0].filename} has a Content-ID, but there is no HTML to show it"
        )
    content: list[bytes | LayoutSlot] = []
    if template.html.strip():
        content = [b"Content-Type: text/html; charset=utf-8\r\n", LayoutSlot.HTML]
        if related:
            content = _multipart("related", mark + "r", [content, *map(_attachment, related)], eight=eight)
    if template.text.strip():
        text: list[bytes | LayoutSlot] = [b"Content-Type: text/plain; charset=utf-8\r\n", LayoutSlot.TEXT]
        content = _multipart("alternative", mark + "a", [text, content], eight=eight) if content else text
    if mixed:
        content = _multipart("mixed", mark + "m", [content, *map(_attachment, mixed)], eight=eight)
    return content


def _multipart(
    kind: str, boundary: str, parts: Sequence[list[bytes | LayoutSlot]], *, eight: bool
) -> list[bytes | LayoutSlot]:
    encoding = "Content-Transfer-Encoding: 8bit\r\n" if eight else ""
    out: list[bytes | LayoutSlot] = [f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n{encoding}'.encode()]
    for part in parts:
        out += (f"\r\n--{boundary}\r\n".encode(), *part)
    return [*out, f"\r\n--{boundary}--\r\n".encode()]


def _mark(template: CampaignTemplate) -> str:
    """A boundary that no quoted-printable or base64 line can hold, and that cannot be guessed."""
    return "=_" + blake2b(msgspec.msgpack.encode(template), digest_size=12).hexdigest()


def _attachment(attachment: Attachment) -> list[bytes | LayoutSlot]:
    if not _TYPE.fullmatch(attachment.content_type):
        raise TemplateError(
            "attachments", 0, f"{attachment.content_type!r} is not a valid content type; write one such as image/png"
        )
    name = one_line(attachment.filename).replace("/", "_") or "attachment"
    lines = [f"Content-Type: {attachment.content_type}", "Content-Transfer-Encoding: base64"]
    if attachment.content_id:
        if not _ID.fullmatch(attachment.content_id):
            raise TemplateError(
                "attachments",
                0,
                f"{attachment.content_id!r} is not a valid Content-ID; write one such as logo@example.org",
            )
        lines.append(f"Content-ID: <{attachment.content_id}>")
    disposition = "inline" if attachment.content_id else "attachment"
    lines.append(f"Content-Disposition: {disposition}; {header.parameter('filename', name)}")
    return ["\r\n".join([*lines, "", ""]).encode(), _base64(attachment.content)]


def _base64(data: bytes) -> bytes:
    lines = [b2a_base64(data[at : at + _BASE64_LINE], newline=False) for at in range(0, len(data), _BASE64_LINE)]
    return b"\r\n".join(lines)
