"""Quoted-printable for bodies that are put together per recipient (RFC 2045 6.7).

A recipient's value is on its own lines between soft line breaks, so that the text around it is encoded once for all.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from postlude.compose.pieces import Hole, Piece, Token, Value
from postlude.instrument.minter import TOKEN_LENGTH

_LONGEST: Final = 75  # 76 with the `=` of a soft line break
_UNSAFE: Final = re.compile(rb"[^\x00\t\r\n -~]")
_SAFE: Final = bytes((0, 9, 10, 13, *range(32, 127)))
_TOKEN: Final = b"\x00" * TOKEN_LENGTH  # no text contains NUL
_TAME: Final = re.compile(rb"(?!From )[!-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")
SOFT: Final = b"=\r\n"


def encode_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces encoded; statics and tokens between two values are laid out together."""
    out: list[Piece] = []
    run: list[bytes | Token] = []
    for piece in pieces:
        if isinstance(piece, Value | Hole):
            out += _run(run)
            out += (SOFT, Value(value(piece.data)) if isinstance(piece, Value) else piece, SOFT)
            run = []
        else:
            run.append(piece)
    return [*out, *_run(run)]


def value(data: bytes) -> bytes:
    """A value's lines, without the soft line breaks around them."""
    if _TAME.fullmatch(data):
        return data
    return _lines(data)


def _run(run: list[bytes | Token]) -> Iterator[Piece]:
    """Statics and tokens, encoded from column 0 on."""
    tokens = [piece for piece in run if isinstance(piece, Token)]
    statics = b"".join([_TOKEN if isinstance(piece, Token) else piece for piece in run])
    first, *rest = _lines(statics).split(_TOKEN)
    yield first
    for token, static in zip(tokens, rest, strict=True):
        yield token
        yield static


def _lines(data: bytes) -> bytes:
    lines = _escaped(data).split(b"\r\n")
    return b"\r\n".join([line if _fits(line) else SOFT.join(_wrapped(line)) for line in lines])


def _escaped(data: bytes) -> bytes:
    """All bytes that must be encoded; rare cases cost only where they occur."""
    data = data.replace(b"=", b"=3D").replace(b" \r\n", b"=20\r\n").replace(b"\t\r\n", b"=09\r\n")
    if data.translate(None, _SAFE):
        data = _UNSAFE.sub(_escape, data)
    return data


def _fits(line: bytes) -> bool:
    return len(line) <= _LONGEST and not line.startswith(b"From ")


def _wrapped(line: bytes) -> list[bytes]:
    out: list[bytes] = []
    at = 0
    while True:
        mark = b""
        if line.startswith(b"From ", at):  # mail boxes put `>` before it, which breaks a signature
            mark, at = b"=46", at + 1
        cut = at + _LONGEST - len(mark)
        if cut >= len(line):
            return [*out, mark + line[at:]]
        cut = _before_token(line, at, cut)
        if line[cut - 1 : cut] == b"=":
            cut -= 1
        elif line[cut - 2 : cut - 1] == b"=":
            cut -= 2
        out.append(mark + line[at:cut])
        at = cut


def _before_token(line: bytes, at: int, cut: int) -> int:
    """`cut`, or the beginning of the token it would fall into."""
    if line[cut - 1] or line[cut]:
        return cut
    start = line.find(_TOKEN, max(at, cut - TOKEN_LENGTH + 1), cut + TOKEN_LENGTH - 1)
    return start if at < start < cut else cut


def _escape(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match[0][0]
