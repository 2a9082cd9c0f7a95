"""Content-Type and Content-Disposition: the value and its parameters (RFC 2045 5.1, 2231), in one pass."""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from postlude.mail.charset import charset_of
from postlude.mail.limits import PARAMETERS

_PARAMETER: Final = re.compile(r";\s*+([^\s=;\"]++)\s*+=\s*+(?:\"((?:[^\"\\]|\\.)*+)\"?|([^;\s]*+))", re.DOTALL)
_KIND: Final = re.compile(r"\s*+([\w!#$&^.+-]++/[\w!#$&^.+-]++)")
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_CUT: Final = re.compile(r"([^*]+)\*([0-9]{1,4})?\*?")


class ContentType(NamedTuple):
    """A parsed Content-Type field."""

    kind: str
    """`text/html`, `attachment`: lower case."""
    parameters: dict[str, str]
    """Names in lower case; of a repeated name the first."""


def read_content(value: str) -> ContentType:
    """Take the value apart; at most PARAMETERS parameters are seen."""
    found: dict[str, str] = {}
    cut: dict[str, list[tuple[int, str, bool]]] = {}
    for number, match in enumerate(_PARAMETER.finditer(value)):
        if number >= PARAMETERS:
            break
        name = match[1].lower()
        text = _QUOTED_PAIR.sub(r"\1", match[2]) if match[2] is not None else match[3]
        pieces = _CUT.fullmatch(name) if "*" in name else None
        if pieces is None:
            found.setdefault(name, text)
        else:
            cut.setdefault(pieces[1], []).append((int(pieces[2] or 0), text, name.endswith("*")))
    for name, parts in cut.items():
        found.setdefault(name, _joined(sorted(parts)))
    kind = _KIND.match(value)
    return ContentType((kind[1] if kind else value.partition(";")[0].strip()).lower(), found)


def _joined(parts: list[tuple[int, str, bool]]) -> str:
    """The pieces of one value; the first may name its charset: `utf-8'en'...`."""
    charset, first, data = "", True, bytearray()
    for _, text, encoded in parts:
        written = text
        if encoded and first and text.count("'") > 1:
            charset, _, written = text.partition("'")
            written = written.partition("'")[2]
        data += unquote_to_bytes(written) if encoded else written.encode("utf-8", "surrogateescape")
        first = False
    return bytes(data).decode(charset_of(charset) or "utf-8", "replace")
