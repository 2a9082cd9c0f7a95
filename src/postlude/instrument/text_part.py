"""Edits for one plain text part: links, and quoted links of ours."""

import re
import unicodedata
from typing import Final

from postlude.instrument import lines
from postlude.instrument.edits import Edit
from postlude.instrument.reasons import LinkReason
from postlude.instrument.session import Session, own_link
from postlude.instrument.url import without_no_track

_URL: Final = re.compile(rb"(?i:https?(?:\+notrack)?)://[^\x00-\x20<>\"\x7f]+")
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
    found = (_edit(data, match, session, charset, room) for match in _URL.finditer(data))
    return [edit for edit in found if edit is not None]


def _edit(data: bytes, match: re.Match[bytes], session: Session, charset: str, room: _Room | None) -> Edit | None:
    written = _written(match[0], charset)
    if written is None:
        session.report(session.next_position(), "", "", LinkReason.UNDECODABLE, "text")
        return None
    start, end = match.start(), match.start() + len(written.encode(charset))
    own = session.own(written)
    if own is None:
        return _tracked(written, (start, end), session, room, charset)
    if own.face == "pixel":  # mail readers write the address of an image where they quote one as text
        return Edit(*_with_brackets(data, start, end), (b"",))
    url, reason = own_link(written, own, session)
    session.report(session.next_position(), url, "", reason, "text")
    return Edit(start, end, (url.encode(charset, "replace"),)) if reason is LinkReason.QUOTED else None


def _with_brackets(data: bytes, start: int, end: int) -> tuple[int, int]:
    around = data[max(0, start - 1) : start] + data[end : end + 1]
    return (start - 1, end + 1) if around in {b"<>", b"[]", b"()"} else (start, end)


def _tracked(written: str, span: tuple[int, int], session: Session, room: _Room | None, charset: str) -> Edit | None:
    position = session.next_position()
    url, opted_out = without_no_track(written)
    reason = session.judge(url, "", position, where="text", opted_out=opted_out)
    edit = Edit(*span, (url.encode(charset),)) if opted_out else None
    if reason is LinkReason.NONE:
        url = session.destination(url, "", position)
        link = session.mint(position, url)
        edit = Edit(*span, link) if link else None
        if edit is None or (room and not room.take(edit)):
            edit, reason = None, LinkReason.TOO_LONG
    session.report(position, url, "", reason, "text")
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
