"""Character references in attribute values, decoded once and fully (WHATWG HTML 13.2.5.72-80)."""

import re
from html.entities import html5
from typing import Final

_REFERENCE: Final = re.compile(r"&(?:#(?:0*([0-9]+)|[xX]0*([0-9a-fA-F]+));?|([a-zA-Z][a-zA-Z0-9]*)(;?)(=?))")
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_MAX_DIGITS: Final = 7  # U+10FFFF
_LAST: Final = 0x10FFFF


def decode_entities(value: str) -> str:
    """The decoded attribute value. Not `html.unescape`: `?a=1&copy=2` stays as it is in an attribute."""
    if "&" not in value:
        return value
    if value.count("&") == value.count("&amp;"):  # the case of nearly every URL
        return value.replace("&amp;", "&")
    return _REFERENCE.sub(_one, value)


def _one(match: re.Match[str]) -> str:
    decimal, hexadecimal, name, semicolon, equals = match.groups()
    if name is None:
        return _numbered(decimal, 10) if decimal is not None else _numbered(hexadecimal, 16)
    if semicolon and name + ";" in html5:
        return html5[name + ";"] + (equals or "")
    # Without its semicolon a name counts only when neither `=` nor a letter or digit follows.
    if equals and not semicolon:
        return match[0]
    return html5[name] + semicolon + (equals or "") if name in html5 else match[0]


def _numbered(digits: str, base: int) -> str:
    """Unlike `html.unescape` it preserves control characters, as browsers do."""
    code = int(digits, base) if len(digits) <= _MAX_DIGITS else _LAST + 1
    if 0x80 <= code <= 0x9F:  # noqa: PLR2004 - C1 controls are read as windows-1252
        return bytes((code,)).decode("cp1252", "ignore") or chr(code)
    if not code or code > _LAST or 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - surrogates
        return _REPLACED
    return chr(code)


def encode_entities(value: str, quote: str) -> str:
    """The value written back between `quote` characters."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace('"', "&quot;") if quote == '"' else escaped.replace("'", "&#39;")
