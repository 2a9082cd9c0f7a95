"""A delivered mail as the document inside the sandboxed frame. Its markup stays as written; nothing is executed."""

import html
import re
from typing import Final

from starlette.responses import HTMLResponse, Response

from postlude.mail.bodies import read_bodies
from postlude.web.headers import MAIL_POLICY

_DOCTYPE: Final = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
_URL: Final = re.compile(r"""https?://[^\s<>"]+[^\s<>".,;:!?')\]]""")
_TEXT_STYLE: Final = (
    "body{margin:1.25rem;font:15px/1.6 ui-monospace,Menlo,Consolas,monospace;background:#fff;color:#1b1f24}"
    "pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}"
)


def document(raw: bytes) -> str:
    """The HTML document to frame: the mail's HTML with `cid:` images inside, or its text as text.

    The images become data URLs: a sandboxed frame has no cookies to fetch anything from us with.
    """
    bodies = read_bodies(raw)
    if bodies.html is not None:
        return html_document(bodies.html_with_images())
    return text_document("(This mail has no text.)" if bodies.text is None else bodies.text)


def has_html(raw: bytes) -> bool:
    """Whether the mail has an HTML part."""
    return read_bodies(raw).html is not None


def html_document(text: str) -> str:
    """HTML whose links open in new windows, set after the doctype, so that the mail keeps its rendering mode."""
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
    return plain_document(shown + html.escape(text[at:]))


def plain_document(markup: str) -> str:
    """A document of text that is markup already: escaped, its links made."""
    return f'<!doctype html><base target="_blank"><style>{_TEXT_STYLE}</style><pre>{markup}</pre>'


def framed(page: str) -> Response:
    """The answer with a document for the sandboxed frame."""
    headers = {"Content-Security-Policy": MAIL_POLICY, "Cross-Origin-Opener-Policy": "unsafe-none"}
    return HTMLResponse(page, headers=headers)
