"""Where a URL in plain text begins and ends: only the text around it shows it.

Between angle brackets everything is the URL (RFC 3986, appendix C). Elsewhere, trailing punctuation, quotes and
brackets are not part of it; `~` and `_` are, unless the same character directly precedes it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

_URL: Final = re.compile(rb"(?i:https?(?:\+notrack)?)://[^\x00-\x20<>\"\x7f]+")
_ANGLE: Final = re.compile(rb"<(?:url:)?\Z", re.IGNORECASE)
_LONGEST_ANGLE: Final = len("<url:")
_REST: Final = re.compile(rb"\r?\n[ \t>|]*([^\x00-\x20<>\"\x7f]+)>")
_TRAILING: Final = ".,;:!?'*|`\\"
_PAIRED: Final = "'`|"
"""Directly before a URL it ends at the next one of these."""
_EMPHASIS: Final = "_~"
"""Part of a URL; directly before it emphasis, which ends behind it."""
_MARKS: Final = re.compile(rb"['`|]\Z|[*_~]+\Z")
_LONGEST_MARKS: Final = 8
_MARK: Final = frozenset((b"'", b"`", b"|", b"*", b"_", b"~"))
_SAYS_MORE: Final = _MARK | {b"<", b":"}
# Nothing in it or at its end can be the sentence's, in whatever charset: most are like this.
_EVERYDAY: Final = re.compile(rb"[a-zA-Z]++://[a-zA-Z0-9/._~?&=+:,;!%#@$-]*[a-zA-Z0-9/_~&=+%#@$-]").fullmatch
_CLOSING: Final = re.compile(r"[\[\](){}]")
_OPENS: Final = {")": "(", "]": "[", "}": "{"}
_ODD: Final = re.compile(r"[^\x00-\x7f]")
_KEPT_CATEGORIES: Final = frozenset("LMNS")  # letters, marks, digits and symbols (emoji) belong to a URL


class TextUrl(NamedTuple):
    """A URL in `data[start:end]`."""

    start: int
    end: int
    url: str | None
    """None when it is not text in the part's charset."""
    wrapped: bool = False
    """It continues on the next line: `url` is complete, `[start, end)` is the part on the first line."""


def find_urls(data: bytes, charset: str) -> Iterator[TextUrl]:
    """Every URL of the text, in order. Linear in its length."""
    brackets = _Brackets(data)
    for match in _URL.finditer(data):
        start, end = match.span()
        before = data[start - 1 : start]
        if before not in _SAYS_MORE and _EVERYDAY(match[0]):
            yield TextUrl(start, end, match[0].decode("ascii"))
            continue
        try:
            text = match[0].decode(charset)
        except UnicodeDecodeError:
            yield TextUrl(start, end, None)
            continue
        if before in {b"<", b":"} and _ANGLE.search(data, max(0, start - _LONGEST_ANGLE), start):
            if data.startswith(b">", end):
                yield TextUrl(start, end, text)
                continue
            if rest := _REST.match(data, end):
                yield TextUrl(start, end, text + rest[1].decode(charset, "replace"), wrapped=True)
                continue
        found = _MARKS.search(data, max(0, start - _LONGEST_MARKS), start) if before in _MARK else None
        marks = found[0].decode("ascii") if found else ""
        url = _without_what_follows(text, marks, partial(brackets.open_at, start))
        yield TextUrl(start, start + len(url.encode(charset)), url)


class _Brackets:
    """Counts the round brackets that are open in a line; asked in ascending order."""

    def __init__(self, data: bytes) -> None:
        self._data: Final = data
        self._at = self._open = 0

    def open_at(self, at: int) -> bool:
        """A bracket of this line is open there."""
        line = self._data.rfind(b"\n", self._at, at) + 1
        if line:
            self._at, self._open = line, 0
        opened, closed = (self._data.count(each, self._at, at) for each in (b"(", b")"))
        self._at, self._open = at, max(0, self._open + opened - closed)
        return self._open > 0


def _without_what_follows(text: str, before: str, in_brackets: Callable[[], bool]) -> str:
    """The URL without surrounding marks; `before` are quotes or emphasis directly before it."""
    for odd in () if text.isascii() else _ODD.finditer(text):
        if unicodedata.category(odd[0])[0] not in _KEPT_CATEGORIES:
            text = text[: odd.start()]
            break
    if before and before in _PAIRED:
        text = text.partition(before)[0]
    text = text[: _unopened(text, in_brackets)]
    return text[: _end(text, _TRAILING + "".join(each for each in _EMPHASIS if each in before))]


def _unopened(text: str, in_brackets: Callable[[], bool]) -> int:
    """Where a bracket is closed that was opened before the URL."""
    opened = dict.fromkeys(_OPENS.values(), 0)
    ends: bool | None = None
    for match in _CLOSING.finditer(text):
        bracket = match[0]
        opens = _OPENS.get(bracket)
        if opens is None:
            opened[bracket] += 1
        elif opened[opens]:
            opened[opens] -= 1
        elif opens != "(":  # other brackets cannot occur in a URL unpaired (RFC 3986 2.2, 3.2.2)
            return match.start()
        else:
            ends = in_brackets() if ends is None else ends
            if ends:
                return match.start()
    return len(text)


def _end(text: str, trailing: str) -> int:
    """Where the URL ends: a closing bracket belongs to it when it was opened in it."""
    end = len(text)
    unopened = text.count(")") - text.count("(")
    while end:
        last = text[end - 1]
        if last == ")" and unopened > 0:
            unopened -= 1
        elif last not in trailing:
            break
        end -= 1
    return end
