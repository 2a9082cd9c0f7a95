"""Edits for one HTML (or AMP) part: links, opt-out marks of ours, quoted pixels, the pixel."""

from typing import NamedTuple

from postlude.instrument import grammar, pixel
from postlude.instrument.anchors import Links, text_of
from postlude.instrument.edits import Edit, without_overlaps
from postlude.instrument.marks import OURS, off_ranges, removed_marks
from postlude.instrument.scanner import Scan
from postlude.instrument.session import InstrumentSession
from postlude.instrument.url import clean_url


class HtmlEdits(NamedTuple):
    """What to change in one part."""

    edits: list[Edit]
    pixel: bool
    """A pixel of this message is in the part: added now or before."""
    attribute_starts: dict[int, int]
    """Start of an edited value to the start of its attribute: where a line may be broken."""


def plan_html(
    data: bytes,
    session: InstrumentSession,
    charset: str,
    *,
    where: str = "html",
    with_pixel: bool = True,
    xml: bool = False,
) -> HtmlEdits:
    """The edits of `data`, ascending."""
    quotes_us = session.may_quote_us(data)
    lower = data.lower()
    marked = b"data-p" in lower and OURS in lower  # its last letter is rare, the search for it fast
    scan = Scan(data, grammar.ALL if marked else grammar.SOME if quotes_us else grammar.FEW)
    off = off_ranges(scan) if marked else []
    edits = list(removed_marks(scan)) if marked else []
    links = Links(scan, session, charset, where, off)
    edits += links.edits()
    mine = _quoted_pixels(scan, session, edits) if quotes_us else False
    if with_pixel and not mine:
        growth = sum(sum(map(len, edit.pieces)) for edit in edits)
        start, end = pixel.place(scan, session.policy.pixel, growth)
        edits.append(Edit(start, end, pixel.markup(*session.pixel, xml=xml)))
    return HtmlEdits(without_overlaps(edits), mine or with_pixel, links.attribute_starts)


def _quoted_pixels(scan: Scan, session: InstrumentSession, edits: list[Edit]) -> bool:
    """Remove the pixels of other messages; True when this message's own is there already."""
    mine = False
    for image in scan.images:
        for attribute in scan.attributes(image):
            if attribute.name != b"src":
                continue
            own = session.own(
                clean_url(text_of(scan.data[attribute.value_start : attribute.value_end], "latin-1") or "")
            )
            if own is not None and own.endpoint == "pixel":
                if session.is_mine(own) and not mine:
                    mine = True
                else:
                    edits.append(Edit(image.start, image.end, (b"",)))
            break
    return mine
