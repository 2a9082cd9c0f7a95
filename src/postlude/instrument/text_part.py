"""Edits for one plain text part: links, and quoted links of ours."""

from typing import Final

from postlude.instrument import lines, text_url
from postlude.instrument.edits import Edit
from postlude.instrument.reasons import LinkReason
from postlude.instrument.session import InstrumentSession, own_link
from postlude.instrument.text_url import TextUrl
from postlude.instrument.url import without_no_track


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


def plan_text(data: bytes, session: InstrumentSession, charset: str, *, limited: bool = False) -> list[Edit]:
    """The edits of `data`, ascending; `limited` keeps lines within 998 octets."""
    room = _Room(data) if limited else None
    found = (_edit(data, each, session, charset, room) for each in text_url.find_urls(data, charset))
    return [edit for edit in found if edit is not None]


def _edit(data: bytes, found: TextUrl, session: InstrumentSession, charset: str, room: _Room | None) -> Edit | None:
    if found.url is None or found.wrapped:
        reason = LinkReason.WRAPPED if found.url else LinkReason.UNDECODABLE
        session.report(session.next_position(), found.url or "", "", reason, "text")
        return None
    start, end, written = found.start, found.end, found.url
    own = session.own(written)
    if own is None:
        return _tracked(written, (start, end), session, room, charset)
    if own.endpoint == "pixel":  # mail readers write the address of an image where they quote one as text
        return Edit(*_with_brackets(data, start, end), (b"",))
    url, reason = own_link(written, own, session)
    session.report(session.next_position(), url, "", reason, "text")
    return Edit(start, end, (url.encode(charset, "replace"),)) if reason is LinkReason.QUOTED else None


def _with_brackets(data: bytes, start: int, end: int) -> tuple[int, int]:
    around = data[max(0, start - 1) : start] + data[end : end + 1]
    return (start - 1, end + 1) if around in {b"<>", b"[]", b"()"} else (start, end)


def _tracked(
    written: str, span: tuple[int, int], session: InstrumentSession, room: _Room | None, charset: str
) -> Edit | None:
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
