"""Charsets by the names that mail uses: the codec that reads them, and which can be scanned as bytes."""

import codecs
import re
from functools import lru_cache
from typing import Final

# Bytes below 0x80 are not ASCII in these, or not always: a `<` byte may be half of a letter.
_NOT_ASCII: Final = (
    *("iso-2022", "iso2022", "utf-16", "utf-32", "utf-7", "utf16", "utf32", "utf7", "hz", "ucs", "unicode"),
    *("ebcdic", "cp037", "cp500", "cp1026", "cp1140", "punycode", "idna"),
)
_META: Final = re.compile(rb"<meta\b[^>]*?\bcharset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_LINK: Final = re.compile(rb"<a", re.IGNORECASE)
_LOOKED_AT: Final = 1024  # bytes in which browsers look for it
_ESCAPES: Final = re.compile(rb"\x1b(?:\$|\([BIJ])")
_PROBE: Final = bytes(range(9, 127))
# Not what mail is written in, and slow or strange on hostile input.
_NO_CHARSETS: Final = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)
_ALIASES: Final = {
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "windows-31j": "cp932",
    "windows-874": "cp874",
    "x-mac-centraleurroman": "mac-latin2",
    "x-mac-ce": "mac-latin2",
    "x-user-defined": "latin-1",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "ansi_x3.4-1968": "ascii",
}
"""Names mail uses that Python does not know, or whose wider set mail means (RFC 1556, RFC 1428; the WHATWG encoding
standard)."""

_CODE_PAGE: Final = re.compile(r"^(?:cp|win|windows|dos|ibm|ms)[-_]?(\d{3,4})$")
"""A code page by whichever of its names."""


@lru_cache(maxsize=256)
def codec_for(name: str) -> str | None:
    """The codec's name; None for a charset that is not a superset of ASCII.

    Unknown names and ASCII are read as UTF-8; the bytes decide.
    """
    if name.startswith(_NOT_ASCII):
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return "utf-8"
    if info.name == "ascii" or not info._is_text_encoding:  # noqa: SLF001 - the only way to tell "rot13" from a charset
        return "utf-8"
    try:
        plain = _PROBE.decode(info.name) == _PROBE.decode("ascii")
    except UnicodeDecodeError:
        plain = False
    # 0x5C and 0x7E differ in Shift_JIS, which does not matter: neither begins or ends anything in HTML.
    return info.name if plain or info.name in {"shift_jis", "shift_jis_2004", "shift_jisx0213"} else None


def for_part(declared: str, body: bytes, *, html: bool = False) -> str | None:
    """The codec of a part; without a useful declaration UTF-8 where the bytes are that, else windows-1252.

    An HTML part may declare its charset in a `<meta>`; ISO-2022 is recognised by its escapes.
    """
    if not declared and html:
        # Not behind a link: what a tracked one adds would push it out of sight, and the same part read otherwise.
        link = _LINK.search(body, 0, _LOOKED_AT)
        reported = _META.search(body, 0, link.start() if link else _LOOKED_AT)
        declared = reported[1].decode("ascii").lower() if reported else ""
        if declared.startswith("utf-16"):  # a page that can be read as bytes is not that, and browsers know it
            declared = "utf-8"
    codec = codec_for(declared or "ascii")
    if codec != "utf-8" or declared in {"utf-8", "utf8"}:
        return codec
    if b"\x1b" in body and _ESCAPES.search(body):
        return None
    if body.isascii():
        return codec
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return codec


@lru_cache(maxsize=256)
def charset_of(name: str) -> str:
    """Python's name of a charset mail may be written in; empty for others."""
    lowered = name.lower()
    found = _codec_info(_ALIASES.get(lowered, lowered)) or _codec_info(lowered.removeprefix("x-"))
    if found is None:
        return ""
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name.replace("-", "_") not in _NO_CHARSETS else ""


def _codec_info(name: str) -> codecs.CodecInfo | None:
    try:
        return codecs.lookup(_CODE_PAGE.sub(r"cp\1", name))
    except (LookupError, ValueError):
        return None


def decode_text(data: bytes, charset: str) -> str:
    """Text of bytes whose declared charset is `charset`; empty where none is declared. Never raises.

    As declared where it fits, else UTF-8 where that fits; else as declared, with U+FFFD in place of what does not fit,
    and Latin-1 where nothing useful is declared.
    """
    name = charset_of(charset) if charset else ""
    for each in (name, "utf-8") if name else ("utf-8",):
        try:
            return data.decode(each)
        except (LookupError, ValueError):
            continue
    try:
        return data.decode(name or "latin-1", "replace")
    except (LookupError, ValueError):
        return data.decode("latin-1")
