"""Edits for one plain text part: links, and quoted links of ours."""

import re
import unicodedata
from typing import Final

from postlude.instrument import lines
from postlude.instrument.edits import Edit
from postlude.instrument.reasons import LinkReason
from postlude.instrument.session import Session

_URL: Final = re.compile(rb"(?i:https?)://[^\x00-\x20<>\"\x7f]+")
_TRAILING: Final = ".,;:!?'*_~"
_BRACKETS: Final = {")": "(", "]": "[", "}": "{"}
_CUT: Final = re.compile(r"[^\x00-\x7f]")
_KEPT_CATEGORIES: Final = frozenset("LMNS")  # letters, marks, digits and symbols (emoji) belong to a URL


class _Room:
    """Counts how far the lines grow; text offers no place to break them."""

    def __init__(self, data: bytes) -> None:
        self._data: Final = data
        self._line_end = -1
        self._length = 0

    def take(self, edit: Edit) -> bool:
        """Count the edit if its line stays short enough; asked in ascending order."""
        if edit.start > self._line_end:
            start = self._data.rfind(b"\n", 0, edit.start) + 1
            found = self._data.find(b"\n", edit.end)
            self._line_end = len(self._data) if found < 0 else found
            self._length = self._line_end - start
        grown = self._length + lines.size(edit) - (edit.end - edit.start)
        if grown > lines.LONGEST:
            return False
        self._length = grown
        return True


def plan(data: bytes, session: Session, charset: str, *, limited: bool = False) -> list[Edit]:
    """Everything to change in `data`, ascending; `limited` keeps lines within 998 octets."""
    room = _Room(data) if limited else None
    edits: list[Edit] = []
    for match in _URL.finditer(data):
        position = session.next_position()
        url = _written(match[0], charset)
        if url is None:
            session.report(position, "", "", LinkReason.UNDECODABLE, "text")
            continue
        end = match.start() + len(url.encode(charset))
        known = _own(url, session)
        if known is not None:
            shown, reason = known
            session.report(position, shown, "", reason, "text")
            if reason is LinkReason.QUOTED:
                edits.append(Edit(match.start(), end, (shown.encode(charset, "replace"),)))
            continue
        edit = _tracked(url, (match.start(), end), position, session, room)
        if edit is not None:
            edits.append(edit)
    return edits


def _own(url: str, session: Session) -> tuple[str, LinkReason] | None:
    """What to show for a URL of ours, and what it is."""
    own = session.own(url)
    if own is None or own.face == "pixel":
        return None
    if own.face != "link":
        return url, LinkReason.OWN_PAGE
    return own.destination, LinkReason.ALREADY_TRACKED if session.is_mine(own) else LinkReason.QUOTED


def _tracked(url: str, span: tuple[int, int], position: int, session: Session, room: _Room | None) -> Edit | None:
    reason = session.judge(url, "", position, where="text")
    destination = session.destination(url, "", position) if reason is LinkReason.NONE else url
    edit = None
    if reason is LinkReason.NONE:
        link = session.mint(position, destination)
        edit = Edit(*span, link) if link else None
        if edit is None or (room and not room.take(edit)):
            edit, reason = None, LinkReason.TOO_LONG
    session.report(position, destination, "", reason, "text")
    return edit


def _written(raw: bytes, charset: str) -> str | None:
    """The URL as its writer meant it: without the sentence's punctuation behind it; None when it is not text."""
    try:
        text = raw.decode(charset)
    except UnicodeDecodeError:
        return None
    for odd in _CUT.finditer(text):
        if unicodedata.category(odd[0])[0] not in _KEPT_CATEGORIES:
            text = text[: odd.start()]
            break
    return text[: _end(text)]


def _end(text: str) -> int:
    """Where the URL ends: a closing bracket belongs to it when it was opened in it."""
    end = len(text)
    unopened: dict[str, int] = {}
    while end:
        last = text[end - 1]
        if last in _BRACKETS:
            missing = unopened.get(last)
            if missing is None:
                missing = text.count(last) - text.count(_BRACKETS[last])
            if missing <= 0:
                break
            unopened[last] = missing - 1
        elif last not in _TRAILING:
            break
        end -= 1
    return end
