"""Encoded words (RFC 2047) read in one pass: never an error, and time in proportion to the text.

The standard library reads them in quadratic time, and its `email.policy.default` takes gigabytes for a long Subject.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from postlude.mail.charset import charset_of, decode_text
from postlude.mail.limits import FIELD_BYTES
from postlude.mail.transfer_encoding import decode_base64

_WORD: Final = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{0,40})?\?([bBqQ])\?([^?\r\n]*+)\?=")
_SPACE: Final = re.compile(r"\s+")


class _Piece(NamedTuple):
    """A stretch of text as it came, or the bytes of one encoded word."""

    charset: str
    """Python's name of it; empty for text as it came."""
    text: str
    data: bytes


def decode_words(value: str) -> str:
    """`value` with its encoded words read; a word that cannot be read stays as it came.

    Neighbouring words of one charset are put together before they are decoded: some programs cut within a character.
    Behind the first FIELD_BYTES characters nothing is decoded.
    """
    if "=?" not in value:
        return value
    head, rest = value[:FIELD_BYTES], value[FIELD_BYTES:]
    out: list[str] = []
    for charset, group in groupby(_pieces(head), key=lambda piece: piece.charset):
        pieces = list(group)
        if charset:
            out.append(decode_text(b"".join(piece.data for piece in pieces), charset))
        else:
            out.extend(piece.text for piece in pieces)
    return "".join(out) + rest


def as_shown(value: str) -> str:
    """A header's text as people read it: encoded words read, on one line, lone surrogates replaced."""
    return " ".join(decode_words(value).encode("utf-8", "replace").decode().split())


def _pieces(value: str) -> Iterator[_Piece]:
    at, behind_word = 0, False
    for match in _WORD.finditer(value):
        charset = charset_of(match[1])
        if not charset:
            continue  # stays as it came, as part of the next stretch of text
        between = value[at : match.start()]
        # White space between two encoded words is not part of the text (RFC 2047 6.2).
        if between and not (behind_word and not between.strip()):
            yield _Piece("", between, b"")
        yield _Piece(charset, "", _data(match[2], match[3]))
        at, behind_word = match.end(), True
    if at < len(value):
        yield _Piece("", value[at:], b"")


def _data(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return a2b_qp(data, header=True) if encoding in "qQ" else decode_base64(data)
