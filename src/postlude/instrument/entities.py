"""Character references in attribute values, decoded once and fully (WHATWG HTML 13.2.5.72-80)."""

import re
from html import unescape
from html.entities import html5
from typing import Final

_REFERENCE: Final = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|([a-zA-Z][a-zA-Z0-9]*)(;?)(=?))")


def decode(value: str) -> str:
    """What the attribute's value says. Not `html.unescape`: `?a=1&copy=2` stays as it is in an attribute."""
    if "&" not in value:
        return value
    if value.count("&") == value.count("&amp;"):  # what nearly every URL holds
        return value.replace("&amp;", "&")
    return _REFERENCE.sub(_one, value)


def _one(match: re.Match[str]) -> str:
    name, semicolon, equals = match.groups()
    if name is None:
        return unescape(match[0])
    if semicolon and name + ";" in html5:
        return html5[name + ";"] + (equals or "")
    # Without its semicolon a name counts only when neither `=` nor a letter or digit follows.
    if equals and not semicolon:
        return match[0]
    return html5[name] + semicolon + (equals or "") if name in html5 else match[0]


def encode(value: str, quote: str) -> str:
    """The value written back between `quote` characters."""
    escaped = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace('"', "&quot;") if quote == '"' else escaped.replace("'", "&#39;")
