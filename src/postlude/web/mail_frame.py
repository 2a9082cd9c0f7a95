"""A delivered mail as the document inside the sandboxed frame. Its markup stays as written; nothing is executed."""

import html
import re
from base64 import b64encode
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from typing import Final
from urllib.parse import unquote

_parser: Final = BytesParser(policy=policy.default)
_DOCTYPE: Final = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
_CID: Final = re.compile(r"""(?<=["'(=\s])cid:([^"'()\s>]+)""", re.IGNORECASE)
_URL: Final = re.compile(r"""https?://[^\s<>"]+[^\s<>".,;:!?')\]]""")
_TEXT_STYLE: Final = (
    "body{margin:1.25rem;font:15px/1.6 ui-monospace,Menlo,Consolas,monospace;background:#fff;color:#1b1f24}"
    "pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}"
)


def parse(raw: bytes) -> EmailMessage:
    """Read a mail leniently."""
    message = _parser.parsebytes(raw)
    assert isinstance(message, EmailMessage)
    return message


def document(raw: bytes) -> str:
    """The HTML document to frame: the mail's HTML with `cid:` images inside, or its text as text."""
    message = parse(raw)
    rich = message.get_body(("html",))
    if rich is not None:
        return html_document(_with_images(_text(rich), message))
    plain = message.get_body(("plain",))
    return text_document(_text(plain) if plain is not None else "(This mail has no text.)")


def has_html(raw: bytes) -> bool:
    """Whether the mail has an HTML part."""
    return parse(raw).get_body(("html",)) is not None


def header(message: EmailMessage, name: str) -> str:
    """A header as people read it; empty when it is missing or cannot be read."""
    try:
        return str(message.get(name, ""))
    except (ValueError, LookupError, IndexError):  # the stdlib's header parser on broken input
        return ""


def _text(part: MIMEPart) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return data.decode("latin-1")


def _with_images(text: str, message: EmailMessage) -> str:
    """`cid:` references as data URLs: a sandboxed frame has no cookies to fetch anything from us with."""
    images = {
        str(part["content-id"]).strip("<> "): part
        for part in message.walk()
        if part["content-id"] and part.get_content_maintype() == "image"
    }

    def resolved(match: re.Match[str]) -> str:
        part = images.get(unquote(html.unescape(match[1])))
        if part is None:
            return match[0]
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        return f"data:{part.get_content_type()};base64,{b64encode(data).decode('ascii')}"

    return _CID.sub(resolved, text) if images else text


def html_document(text: str) -> str:
    """HTML whose links open in new windows, said behind the doctype, so that the mail keeps its rendering mode."""
    doctype = _DOCTYPE.match(text)
    at = doctype.end() if doctype else 0
    return f'{text[:at]}<base target="_blank">{text[at:]}'


def text_document(text: str) -> str:
    """Text as a document, its URLs as links."""
    shown, at = "", 0
    for match in _URL.finditer(text):
        url = html.escape(match[0])
        shown += f'{html.escape(text[at : match.start()])}<a href="{url}">{url}</a>'
        at = match.end()
    shown += html.escape(text[at:])
    return f'<!doctype html><base target="_blank"><style>{_TEXT_STYLE}</style><pre>{shown}</pre>'
