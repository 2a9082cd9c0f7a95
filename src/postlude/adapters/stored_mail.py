"""What view-in-browser shows, found without a database: a campaign's rendered page, or the mail as it was submitted."""

import re
from base64 import b64encode
from collections import OrderedDict
from email import message_from_bytes, policy
from html import escape
from pathlib import Path
from typing import Final

from postlude.journal import Spool
from postlude.kit.ids import id_text
from postlude.model.errors import NotFoundError, StorageError
from postlude.tokens import CopyRef

_REMEMBERED_BYTES: Final = 8 << 20
_LARGEST: Final = 4 << 20  # a newsletter has under 1 MB; a mail with its attachments is not rendered for a stranger
_CID: Final = re.compile(r"cid:([^\s\"'<>)]+)", re.IGNORECASE)


class StoredBodies:
    """HTML by the token's scope, the last few remembered. None: it was deleted, or never was."""

    def __init__(self, views: Path, spool: Spool) -> None:
        self._views = views
        self._spool = spool
        self._known: OrderedDict[int, bytes] = OrderedDict()

    def __call__(self, ref: CopyRef) -> bytes | None:
        """The page of the message or campaign `ref` belongs to, without pixel and tracked links."""
        known = self._known.get(ref.scope)
        if known is not None:
            self._known.move_to_end(ref.scope)
            return known
        body = self._find(ref.scope)
        if body is not None:
            self._known[ref.scope] = body
            while sum(map(len, self._known.values())) > _REMEMBERED_BYTES:
                self._known.popitem(last=False)
        return body

    def _find(self, scope: int) -> bytes | None:
        try:
            return view_path(self._views, scope).read_bytes()
        except OSError:
            pass
        try:
            return as_page(self._spool.get(scope))
        except (NotFoundError, StorageError):
            return None


def view_path(views: Path, scope: int) -> Path:
    """Where a campaign's page lies; whoever makes the campaign writes it there, once and whole."""
    return views / f"{id_text(scope)}.html"


def as_page(mail: bytes) -> bytes | None:
    """The HTML of a mail with the pictures it carries, else its text; None when it has neither or is too large."""
    if len(mail) > _LARGEST:
        return None
    message = message_from_bytes(mail, policy=policy.default)
    try:
        part = message.get_body(("html", "plain"))
        text = part.get_content() if part is not None else None
    except (LookupError, ValueError, AttributeError, KeyError):  # an unknown charset or a broken part
        return None
    if part is None or not isinstance(text, str):
        return None
    if part.get_content_subtype() == "plain":
        return f'<!doctype html><meta charset=utf-8><pre style="white-space:pre-wrap">{escape(text)}</pre>'.encode()
    pictures = {
        str(item["Content-ID"] or "").strip("<> "): item
        for item in message.walk()
        if item.get_content_maintype() == "image"
    }

    def picture(match: re.Match[str]) -> str:
        item = pictures.get(match[1])
        data = item.get_payload(decode=True) if item is not None else None
        if item is None or not isinstance(data, bytes):
            return match[0]
        return f"data:{item.get_content_type()};base64,{b64encode(data).decode('ascii')}"

    return _CID.sub(picture, text).encode("utf-8", "replace")
