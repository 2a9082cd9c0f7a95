"""The links of one HTML or AMP part: judged, reported and edited; Outlook twins share one link."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import msgspec

from postlude.instrument import entities
from postlude.instrument.edits import Edit
from postlude.instrument.labels import link_label, plain_label
from postlude.instrument.marks import OFF, within
from postlude.instrument.reasons import LinkReason
from postlude.instrument.scanner import Attribute, Scan, Tag
from postlude.instrument.session import InstrumentSession, Minted, own_link
from postlude.instrument.url import clean_url, plain_host, without_no_track

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
_TITLES: Final = frozenset((b"title", b"aria-label", b"alt"))
_HREF: Final = b'href="'
_NO_TRACK: Final = "+notrack"
_UTF8: Final = frozenset(("utf-8", "ascii"))


class Anchor(msgspec.Struct, frozen=True, gc=False):
    """One link element and its href: the attribute begins at `start`, its value is `[value_start, value_end)`."""

    outlook: bool
    start: int
    value_start: int
    value_end: int
    quote: str
    url: str
    host: str
    """Of an everyday URL; empty where the URL has to be looked at closely."""
    label: str
    opted_out: bool
    undecodable: bool


Decision = tuple[str, LinkReason, Minted | None]
"""The destination, why it is not tracked, and what it becomes when it is."""


class Links:
    """The link elements of one part."""

    def __init__(
        self, scan: Scan, session: InstrumentSession, charset: str, where: str, off: list[tuple[int, int]]
    ) -> None:
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
        twins = _twins(candidates) if any(one.outlook for one in candidates) else {}
        decided: dict[int, Decision] = {}
        for index, one in enumerate(candidates):
            first = twins.get(index, index) if twins else index
            decision = decided.get(first) if twins else None
            if decision is None:
                decision = decided[first] = self._decide(candidates[first])
            url, reason, link = decision
            if one.opted_out and reason is LinkReason.NONE:
                reason, link = LinkReason.OPTED_OUT, None
            edit = Edit(one.value_start, one.value_end, link) if link else _edit(one, url, reason, self._charset)
            if edit is not None:
                self.attribute_starts[edit.start] = one.start
                yield edit

    def _candidate(self, index: int, tag: Tag) -> Anchor | None:
        data = self._scan.data
        opted_out = bool(self._off) and within(self._off, tag.start)
        if tag.href is not None and data.find(b"track", tag.start, tag.end) < 0:
            value_start, value_end = tag.href
            start, quoted = value_start - len(_HREF), '"'
        else:
            href: Attribute | None = None
            for attribute in self._scan.attributes(tag):
                if attribute.name == b"href":
                    href = href or attribute
                else:
                    opted_out = opted_out or _opts_out(data, attribute)
            if href is None:
                return None
            _, start, _, value_start, value_end, quoted = href
        text = text_of(data[value_start:value_end], self._charset)
        host = plain_host(text) if text else ""
        url = text if host and text else clean_url(text or "")
        shown = ""
        if tag.name != b"area":
            shown = link_label(data, tag.end, self._scan.label_end.get(index, len(data)), self._charset)
        shown = shown or self._title(tag)
        return Anchor(tag.outlook, start, value_start, value_end, quoted, url, host, shown, opted_out, text is None)

    def _title(self, tag: Tag) -> str:
        """A label from the tag's attributes, for a link without a text."""
        for attribute in self._scan.attributes(tag):
            if attribute.name in _TITLES:
                return plain_label(self._scan.data[attribute.value_start : attribute.value_end], self._charset)
        return ""

    def _decide(self, one: Anchor) -> Decision:
        """Judge one link, and report it under the next position."""
        session = self._session
        position = session.next_position()
        url, link = one.url, None
        if one.undecodable:
            reason = LinkReason.UNDECODABLE
        elif (own := session.own(url)) is not None:
            url, reason = own_link(url, own, session)
        else:
            opted_out = one.opted_out
            if not one.host and _NO_TRACK in url:
                url, by_scheme = without_no_track(url)
                opted_out = opted_out or by_scheme
            reason = session.judge(url, one.label, position, where=self._where, opted_out=opted_out, host=one.host)
            if session.policy.utm and reason not in _NOT_HTTP:
                url = session.destination(url, one.label, position)
            if reason is LinkReason.NONE:
                link = session.mint(position, url)
                reason = LinkReason.NONE if link else LinkReason.TOO_LONG
        if link is None and url != one.url and len(_value(one, url, self._charset)) > session.max_value:
            url, reason = one.url, LinkReason.TOO_LONG if reason is LinkReason.QUOTED else reason
        where = "outlook" if one.outlook and self._where == "html" else self._where
        session.report(position, url, one.label, reason, where)
        return url, reason, link


def _opts_out(data: bytes, attribute: Attribute) -> bool:
    """An attribute that keeps a link untracked, here or in another product."""
    value = data[attribute.value_start : attribute.value_end].strip().lower()
    if attribute.name in _ON_WITHOUT_VALUE:
        return value not in OFF
    return attribute.name in _OFF_BY_VALUE and value in OFF


def text_of(raw: bytes, charset: str) -> str | None:
    """An attribute's text, as a browser would understand it; None when it is not text in that charset."""
    if b"\0" in raw:  # WHATWG HTML 13.2.5.36: no blank at the edge of a URL, but a replacement character
        raw = raw.replace(b"\0", "\N{REPLACEMENT CHARACTER}".encode(charset, "xmlcharrefreplace"))
    if raw.isascii():
        text = raw.decode("ascii")
        return entities.decode_entities(text) if "&" in text else text
    try:
        text = entities.decode_entities(raw.decode(charset))
    except UnicodeDecodeError:
        return None
    if charset in _UTF8:
        return text
    # WHATWG URL: a query is percent-encoded in the document's charset, everything else in UTF-8.
    before, hash_, fragment = text.partition("#")
    path, question, query = before.partition("?")
    query = "".join(c if c.isascii() else quote(c.encode(charset, "xmlcharrefreplace"), safe="") for c in query)
    return path + question + query + hash_ + fragment


def _twins(candidates: list[Anchor]) -> dict[int, int]:
    """For each Outlook link the index of its HTML twin: the next one with the same URL, else the last one before."""
    twins: dict[int, int] = {}
    last = {one.url: index for index, one in enumerate(candidates) if not one.outlook}
    following: dict[str, int] = {}
    for index in range(len(candidates) - 1, -1, -1):
        one = candidates[index]
        if not one.outlook:
            following[one.url] = index
        elif one.url in last:
            twins[index] = following.get(one.url, last[one.url])
    return twins


def _edit(one: Anchor, url: str, reason: LinkReason, charset: str) -> Edit | None:
    """What becomes of a link that is not tracked."""
    if url == one.url or reason in {LinkReason.ALREADY_TRACKED, LinkReason.UNDECODABLE}:
        return None
    return Edit(one.value_start, one.value_end, (_value(one, url, charset),))


def _value(one: Anchor, url: str, charset: str) -> bytes:
    """The URL as the attribute's value, in quotes where it had none."""
    around = "" if one.quote else '"'
    text = around + entities.encode_entities(url, one.quote or '"') + around
    return text.encode(charset, "xmlcharrefreplace")
