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
STEP: Final = 256 << 10
"""Bytes of a file that are read at a time where something waits: 0.02 s."""
OVERLAP: Final = 4 << 10
"""More than the longest address has in any encoding."""
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


def texts_in_steps(data: bytes) -> Iterator[str]:
    """The same readings in slices that overlap, each of which takes a moment.

    At a cut an address may look like another one: what is found here is looked for again in `texts_of`.
    """
    if data.startswith(b"PK"):
        yield from _packed(data, STEP)
        return
    for start in range(0, len(data), STEP):
        yield from texts_of(data[start : start + STEP + OVERLAP].removeprefix(b"PK"))


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


def _packed(data: bytes, step: int = _MOST) -> Iterator[str]:
    left = _MOST
    try:
        with ZipFile(BytesIO(data)) as packed:
            for name in packed.namelist():
                with packed.open(name) as member:
                    before = b""
                    while left > 0 and (text := member.read(min(left, step))):
                        left -= len(text)
                        yield (before + text).decode("utf-8", "replace")
                        before = text[-OVERLAP:]
    except (BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, zlib.error):
        return
