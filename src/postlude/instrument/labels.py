"""The visible text of a link, for people who read a list of links."""

import re
from html import unescape
from typing import Final

from postlude.instrument import grammar
from postlude.instrument.scanner import attributes

_LONGEST: Final = 200
_SPACE: Final = re.compile(r"[\s\u200b\u200c\u200d\ufeff\u00ad]+")
_HIDDEN: Final = re.compile(rb"<(style|script)\b.*?(?:</\1[\t\n\f\r ]*>|\Z)", re.DOTALL | re.IGNORECASE)

_BREAK: Final = re.compile(rb"(?=<(?:br|/?p|/?div|/?t[dr]|/?table|/?li|/?h[1-6]|/?center)[\t\n\f\r />])", re.IGNORECASE)
_TOO_MANY_DIGITS: Final = 8  # U+10FFFF has seven
_LONG_NUMBER: Final = re.compile(r"&#([0-9]{8,});?")


def link_label(data: bytes, start: int, end: int, charset: str) -> str:
    """Text between `start` and `end`, else the first image's alternative text; one line, at most 200 characters.

    Linear in the text, however long it is: an unsubscribe link may have its word after a page of markup.
    """
    inner = data[start:end]
    if b"<" in inner:
        text = plain_label(grammar.STRIP_TAGS.sub(b"", _BREAK.sub(b" ", _HIDDEN.sub(b" ", inner))), charset)
        return text or _alternative(inner, charset)
    return plain_label(inner, charset)


def plain_label(raw: bytes, charset: str) -> str:
    """Text without tags as one line of at most 200 characters."""
    text = raw.decode(charset, "replace")
    if "&" in text:
        text = unescape(_LONG_NUMBER.sub(_short_number, text))
    text = " ".join(text.split()) if text.isascii() else _SPACE.sub(" ", text).strip()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _short_number(match: re.Match[str]) -> str:
    """A numbered reference without leading zeros: numbers of any length are too much for `int`."""
    digits = match[1].lstrip("0")
    return f"&#{digits or '0'};" if len(digits) < _TOO_MANY_DIGITS else "\N{REPLACEMENT CHARACTER}"


def _alternative(inner: bytes, charset: str) -> str:
    for image in grammar.IMAGE.finditer(inner):
        if image[1] is None:
            break
        for attribute in attributes(inner, image.start(1), image.end() - 1):
            if attribute.name == b"alt":
                text = plain_label(inner[attribute.value_start : attribute.value_end], charset)
                if text:
                    return text
    return ""
