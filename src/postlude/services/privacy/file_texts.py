"""The texts a file holds, also those that its bytes do not show: Base64, quoted-printable, UTF-16, packed sheets."""

import re
import zlib
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from io import BytesIO
from quopri import decodestring
from typing import Final
from zipfile import BadZipFile, ZipFile

_MOST: Final = 64 << 20
"""Bytes read of a packed file: an import refuses larger ones."""
_BASE64: Final = re.compile(rb"(?:[A-Za-z0-9+/]{4,}\r?\n?)+={0,2}")
_LEAST: Final = 24
"""Characters of Base64 that may hold an address."""
_WIDE: Final = (("utf-16-le", b"\0"), ("utf-16-be", b"\0"))


def texts_of(data: bytes) -> Iterator[str]:
    """Every reading of the bytes, the plain one first."""
    yield data.decode("utf-8", "replace")
    if data.startswith(b"PK"):
        yield from _packed(data)
        return
    if b"\0" in data:
        for encoding, _ in _WIDE:
            yield data.decode(encoding, "replace")
    if b"=" in data:
        yield decodestring(data).decode("utf-8", "replace")
    yield from _base64(data)


def _base64(data: bytes) -> Iterator[str]:
    for match in _BASE64.finditer(data):
        run = match[0].replace(b"\r", b"").replace(b"\n", b"")
        if len(run) < _LEAST:
            continue
        try:
            found = b64decode(run + b"=" * (-len(run) % 4))
        except (Error, ValueError):
            continue
        yield found.decode("utf-8", "replace")


def _packed(data: bytes) -> Iterator[str]:
    left = _MOST
    try:
        with ZipFile(BytesIO(data)) as packed:
            for name in packed.namelist():
                with packed.open(name) as member:
                    text = member.read(left)
                left -= len(text)
                yield text.decode("utf-8", "replace")
                if left <= 0:
                    return
    except (BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, zlib.error):
        return
