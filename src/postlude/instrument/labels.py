"""The visible text of a link, for people who read a list of links."""

import re
from html import unescape
from typing import Final

from postlude.instrument import grammar
from postlude.instrument.scanner import attributes

_LONGEST: Final = 200
_LOOKED_AT: Final = 4000  # bytes of a link's content; a label is short, and adversarial input must stay linear
_SPACE: Final = re.compile(r"[\s\u200b\u200c\u200d\ufeff\u00ad]+")
_HIDDEN: Final = re.compile(rb"<(style|script)\b.*?(?:</\1[\t\n\f\r ]*>|\Z)", re.DOTALL | re.IGNORECASE)

_BREAK: Final = re.compile(rb"(?=<(?:br|/?p|/?div|/?t[dr]|/?table|/?li|/?h[1-6]|/?center)[\t\n\f\r />])", re.IGNORECASE)


def label(data: bytes, start: int, end: int, charset: str) -> str:
    """Text between `start` and `end`, else the first image's alternative text; one line, at most 200 characters."""
    inner = data[start : min(end, start + _LOOKED_AT)]
    if b"<" in inner:
        text = plain(grammar.STRIP_TAGS.sub(b"", _BREAK.sub(b" ", _HIDDEN.sub(b" ", inner))), charset)
        return text or _alternative(inner, charset)
    return plain(inner, charset)


def plain(raw: bytes, charset: str) -> str:
    """Text without tags as one line of at most 200 characters."""
    text = raw[:_LOOKED_AT].decode(charset, "replace")
    if "&" in text:
        text = unescape(text)
    text = " ".join(text.split()) if text.isascii() else _SPACE.sub(" ", text).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _alternative(inner: bytes, charset: str) -> str:
    for image in grammar.ALT.finditer(inner):
        for attribute in attributes(inner, image.start() + 4, image.end() - 1):
            if attribute.name == b"alt":
                text = plain(inner[attribute.value_start : attribute.value_end], charset)
                if text:
                    return text
    return ""
