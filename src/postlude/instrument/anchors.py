"""The links of one HTML or AMP part: judged, reported and edited; Outlook twins share one link."""

from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from postlude.instrument import entities
from postlude.instrument.edits import Edit
from postlude.instrument.labels import label as label_of
from postlude.instrument.marks import OFF, within
from postlude.instrument.reasons import LinkReason
from postlude.instrument.scanner import Attribute, Scan, Tag
from postlude.instrument.session import Minted, Session
from postlude.instrument.url import NO_TRACK_SCHEME, clean

_ON_WITHOUT_VALUE: Final = frozenset((b"ses:no-track", b"mc:disable-tracking", b"mautic:disable-tracking"))
_OFF_BY_VALUE: Final = frozenset(
    (b"clicktracking", b"data-msys-clicktrack", b"data-track", b"autotrack", b"data-postlude")
)
_NOT_HTTP: Final = frozenset(
    (
        LinkReason.EMPTY,
        LinkReason.ANCHOR,
        LinkReason.SCHEME,
        LinkReason.RELATIVE,
        LinkReason.BAD_URL,
        LinkReason.PLACEHOLDER,
    )
)
_UTF8: Final = frozenset(("utf-8", "ascii"))


class Candidate(NamedTuple):
    """One link element and its href."""

    tag: Tag
    href: Attribute
    url: str
    label: str
    opted_out: bool
    undecodable: bool


class Links:
    """The link elements of one part."""

    def __init__(self, scan: Scan, session: Session, charset: str, where: str, off: list[tuple[int, int]]) -> None:
        self._scan: Final = scan
        self._session: Final = session
        self._charset: Final = charset
        self._where: Final = where
        self._off: Final = off
        self.attribute_starts: Final[dict[int, int]] = {}

    def edits(self) -> Iterator[Edit]:
        """Judge and report every link; the edits in the order of the links."""
        found = [self._candidate(index, tag) for index, tag in enumerate(self._scan.links)]
        candidates = [one for one in found if one is not None]
        twins = _twins(candidates)
        minted: dict[int, tuple[str, LinkReason, Minted | None]] = {}
        for index, one in enumerate(candidates):
            first = twins.get(index, index)
            if first not in minted:
                minted[first] = self._decide(candidates[first])
            url, reason, link = minted[first]
            if one.opted_out and reason is LinkReason.NONE:
                reason, link = LinkReason.OPTED_OUT, None
            edit = _edit(one, url, reason, link, self._charset)
            if edit is not None:
                self.attribute_starts[edit.start] = one.href.start
                yield edit

    def _candidate(self, index: int, tag: Tag) -> Candidate | None:
        data = self._scan.data
        href: Attribute | None = None
        title: Attribute | None = None
        opted_out = bool(self._off) and within(self._off, tag.start)
        for attribute in self._scan.attributes(tag):
            if attribute.name == b"href":
                href = href or attribute
            elif attribute.name in {b"title", b"aria-label", b"alt"}:
                title = title or attribute
            else:
                opted_out = opted_out or _opts_out(data, attribute)
        if href is None:
            return None
        text = text_of(data[href.value_start : href.value_end], self._charset)
        shown = ""
        if tag.name != b"area":
            shown = label_of(data, tag.end, self._scan.label_end.get(index, len(data)), self._charset)
        if not shown and title is not None:
            shown = data[title.value_start : title.value_end].decode(self._charset, "replace").strip()
        return Candidate(tag, href, clean(text or ""), shown, opted_out, text is None)

    def _decide(self, one: Candidate) -> tuple[str, LinkReason, Minted | None]:
        """Judge one link, and report it under the next position."""
        session = self._session
        position = session.next_position()
        url, known = ("", LinkReason.UNDECODABLE) if one.undecodable else _own(one.url, session)
        link = None
        if known is None:
            url, known, link = self._judge(one, position)
        where = "outlook" if one.tag.outlook and self._where == "html" else self._where
        session.report(position, url, one.label, known, where)
        return url, known, link

    def _judge(self, one: Candidate, position: int) -> tuple[str, LinkReason, Minted | None]:
        session, url, opted_out = self._session, one.url, one.opted_out
        if url.lower().startswith(NO_TRACK_SCHEME):
            url, opted_out = "https" + url[len("https+notrack") :], True
        reason = session.judge(url, one.label, position, where=self._where, opted_out=opted_out)
        if session.policy.utm and reason not in _NOT_HTTP:
            url = session.destination(url, one.label, position)
        if reason is not LinkReason.NONE:
            return url, reason, None
        link = session.mint(position, url)
        return url, reason if link else LinkReason.TOO_LONG, link


def _own(url: str, session: Session) -> tuple[str, LinkReason | None]:
    """Where a URL of ours leads and what it is; the URL itself and None when it is not ours."""
    own = session.own(url)
    if own is None:
        return url, None
    if own.face != "link":
        return url, LinkReason.OWN_PAGE
    return own.destination, LinkReason.ALREADY_TRACKED if session.is_mine(own) else LinkReason.QUOTED


def _opts_out(data: bytes, attribute: Attribute) -> bool:
    """An attribute with which authors, here or with another product, keep a link untracked."""
    value = data[attribute.value_start : attribute.value_end].strip().lower()
    if attribute.name in _ON_WITHOUT_VALUE:
        return value not in OFF
    return attribute.name in _OFF_BY_VALUE and value in OFF


def text_of(raw: bytes, charset: str) -> str | None:
    """An attribute's text, as a browser would understand it; None when it is no text in that charset."""
    if raw.isascii():
        return entities.decode(raw.decode("ascii"))
    try:
        text = entities.decode(raw.decode(charset))
    except UnicodeDecodeError:
        return None
    if charset in _UTF8:
        return text
    # WHATWG URL: a query is percent-encoded in the document's charset, everything else in UTF-8.
    before, hash_, fragment = text.partition("#")
    path, question, query = before.partition("?")
    query = "".join(c if c.isascii() else quote(c.encode(charset, "xmlcharrefreplace"), safe="") for c in query)
    return path + question + query + hash_ + fragment


def _twins(candidates: list[Candidate]) -> dict[int, int]:
    """For each Outlook link the index of its HTML twin: the next one with the same URL, else the last one before."""
    last = {one.url: index for index, one in enumerate(candidates) if not one.tag.outlook}
    twins: dict[int, int] = {}
    following: dict[str, int] = {}
    for index in range(len(candidates) - 1, -1, -1):
        one = candidates[index]
        if not one.tag.outlook:
            following[one.url] = index
        elif one.url in last:
            twins[index] = following.get(one.url, last[one.url])
    return twins


def _edit(one: Candidate, url: str, reason: LinkReason, link: Minted | None, charset: str) -> Edit | None:
    start, end, quote_mark = one.href.value_start, one.href.value_end, one.href.quote
    if link is not None:
        return Edit(start, end, (link.head, link.tail))
    if reason in {LinkReason.ALREADY_TRACKED, LinkReason.UNDECODABLE} or url == one.url:
        return None
    around = "" if quote_mark else '"'
    text = around + entities.encode(url, quote_mark or '"') + around
    return Edit(start, end, (text.encode(charset, "xmlcharrefreplace"),))
