"""View in browser for a single message: a finished page, created when the message is sent, if its sender asks for it.

The edge serves the page and never parses mail: no content may delay the pixels and links of others.
"""

import logging
import re
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from postlude.instrument import PartReason, mime
from postlude.instrument.body import open_body
from postlude.instrument.charset import for_part
from postlude.kit.bounded import WeightedCache
from postlude.kit.ids import id_text
from postlude.model.errors import StorageError
from postlude.services.served_files import write_durably

LARGEST: Final = 4 << 20
"""Bytes of a mail that gets a page, and of the page; a newsletter has under 1 MB."""
_HTML: Final = frozenset(("text/html", "application/xhtml+xml"))
_CID: Final = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)
_REMEMBERED: Final = 4096

_log = logging.getLogger(__name__)


class ViewPages:
    """Makes the pages in one folder, once a message. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder
        self._made: Final[WeightedCache[int, bool]] = WeightedCache(_REMEMBERED)

    def make(self, message: int, raw: bytes) -> bool:
        """Write the message's page into the folder; False when it has none or the disk refused, which is logged."""
        made = self._made.get(message)
        if made is None:
            made = self._write(message, raw)
            self._made.put(message, made, 1)
        return made

    def _write(self, message: int, raw: bytes) -> bool:
        path = self._folder / f"{id_text(message)}.html"
        if path.exists():
            return True
        try:
            page = as_page(raw)
            if page is not None:
                write_durably(path, page)
        except StorageError as error:
            _log.error("message %016x is sent without a view in browser: %s", message, error)
            return False
        return page is not None


def as_page(raw: bytes) -> bytes | None:
    """The HTML of a mail with the pictures it carries, else its text; None when it has neither or is too large.

    Linear in the mail's size, however it is built; pictures beyond `LARGEST` stay away.
    """
    if len(raw) > LARGEST:
        return None
    parts = list(mime.parts(raw))
    shown = _first(parts, _HTML) or _first(parts, frozenset(("text/plain",)))
    text = _text(raw, shown) if shown is not None else None
    if shown is None or text is None:
        return None
    if shown.content_type not in _HTML:
        text = f'<!doctype html><meta charset=utf-8><pre style="white-space:pre-wrap">{escape(text)}</pre>'
    page = _with_pictures(text, raw, parts).encode("utf-8", "replace")
    return page if len(page) <= LARGEST else None


def _first(parts: Sequence[mime.MimePart], kinds: frozenset[str]) -> mime.MimePart | None:
    return next(
        (
            part
            for part in parts
            if part.content_type in kinds and part.reason is None and part.disposition != "attachment"
        ),
        None,
    )


def _text(raw: bytes, part: mime.MimePart) -> str | None:
    body = open_body(part.encoding, raw[part.start : part.end])
    if isinstance(body, PartReason):
        return None
    charset = for_part(part.charset, body.decoded, html=part.content_type in _HTML)
    return body.decoded.decode(charset, "replace") if charset is not None else None


def _with_pictures(text: str, raw: bytes, parts: Sequence[mime.MimePart]) -> str:
    """`cid:` addresses as `data:` ones, while there is room."""
    pictures = {_content_id(raw, part): part for part in parts if part.content_type.startswith("image/")}
    room = LARGEST - len(text)
    known: dict[str, str] = {}

    def picture(match: re.Match[str]) -> str:
        nonlocal room
        name = match[1]
        if name not in known:
            known[name] = _data_url(raw, pictures[name]) if name in pictures else ""
        url = known[name]
        if not url or len(url) > room:
            return match[0]
        room -= len(url)
        return url

    return _CID.sub(picture, text)


def _content_id(raw: bytes, part: mime.MimePart) -> str:
    value = mime.first(mime.fields(raw, part.head, part.start), "content-id")
    return value.decode("utf-8", "replace").strip("<> \t\r\n")


def _data_url(raw: bytes, part: mime.MimePart) -> str:
    body = open_body(part.encoding, raw[part.start : part.end])
    if isinstance(body, PartReason):
        return ""
    return f"data:{part.content_type};base64,{b64encode(body.decoded).decode('ascii')}"
