"""The pixel: its markup and its place."""

from typing import Final

from postlude.instrument.policy import PixelPlace
from postlude.instrument.scanner import Scan

CLIP: Final = 96_000
"""Bytes of HTML above which the bottom may be clipped (Gmail: 102 kB, counted after its own changes)."""

# Out of the flow and without any trace, whatever the message's style sheet sets for images: 73 of 73 mails looked the
# same before and after; an ordinary 1x1 image changed 38 of them. Not display:none, which some clients do not load.
_STYLE: Final = ";".join(
    f"{name}:{value}!important"
    for name, value in (
        ("display", "block"),
        ("position", "absolute"),
        ("top", "0"),
        ("left", "0"),
        ("width", "1px"),
        ("height", "1px"),
        ("min-width", "0"),
        ("min-height", "0"),
        ("max-width", "1px"),
        ("max-height", "1px"),
        ("margin", "0"),
        ("padding", "0"),
        ("border", "0"),
        ("outline", "0"),
        ("box-shadow", "none"),
        ("background", "none"),
    )
)
_BEFORE: Final = b'<img src="'
_AFTER: Final = b'" alt="" width="1" height="1" style="' + _STYLE.encode() + b'"'


def markup(head: str, tail: str, *, xml: bool = False) -> tuple[bytes, bytes]:
    """The image element, split around the token; closed in XHTML, which has no void elements."""
    return _BEFORE + head.encode("ascii"), tail.encode("ascii") + _AFTER + (b"/>" if xml else b">")


def place(scan: Scan, policy: PixelPlace, growth: int) -> tuple[int, int]:
    """Which bytes the pixel replaces: an insertion point (start = end), or the marker."""
    live = len(scan.data) if scan.inert_from is None else scan.inert_from
    if scan.marker is not None:
        return scan.marker
    if policy is PixelPlace.AUTO:
        policy = PixelPlace.TOP if len(scan.data) + growth > CLIP else PixelPlace.BOTTOM
    if policy is PixelPlace.TOP:
        top = scan.body_open if scan.body_open >= 0 else scan.head_close
        if 0 <= top <= live:
            return top, top
    bottom = scan.body_close if 0 <= scan.body_close <= live else live
    return bottom, bottom
