"""The words, texts, numbers and signs of an expression, each with its place."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from postlude.model.errors import InputError

LONGEST: Final = 20_000
"""Characters of an expression. The longest that a page can build has about 3,000."""

_LEXEME: Final = re.compile(
    r"""(?P<space>\s+)
      | (?P<word>[^\W\d]\w*)
      | (?P<text>'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*"
          | \u2018[^\u2018\u2019]*\u2019 | [\u201c\u201e][^\u201c\u201d]*[\u201c\u201d])
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<id>\#[0-9a-f]{16}(?!\w))
      | (?P<sign><=|>=|!=|==|[()=<>,])""",
    re.VERBOSE | re.DOTALL,
)


class SegmentError(InputError):
    """An expression cannot be read. The message shows the place and what may stand there."""

    def __init__(self, text: str, at: int, problem: str) -> None:
        line_start = text.rfind("\n", 0, at) + 1
        line = text[line_start : (text + "\n").index("\n", at)]
        first = max(0, at - line_start - 60)
        shown = line[first : first + 100].replace("\t", " ")
        super().__init__(f"{problem}\n  {shown}\n  {' ' * (at - line_start - first)}^")
        self.at = at
        self.problem = problem


class Lexeme(NamedTuple):
    """One of them."""

    kind: str
    """`word`, `text`, `number`, `id`, `sign` or `end`."""
    value: str
    """Of a text: what stands between the quotation marks."""
    at: int


def lexemes(text: str) -> Iterator[Lexeme]:
    """All of a text, then `end`; SegmentError for a sign that means nothing.

    Typographic quotation marks, which word processors write, may stand around a text too.
    """
    if len(text) > LONGEST:
        raise InputError(f"the expression has {len(text):,} characters; {LONGEST:,} are the most. Use a list or a tag")
    at = 0
    while at < len(text):
        found = _LEXEME.match(text, at)
        if found is None:
            raise SegmentError(text, at, _unknown(text, at))
        if found.lastgroup != "space":
            yield _lexeme(found)
        at = found.end()
    yield Lexeme("end", "", len(text))


def quoted(value: str) -> str:
    """A text as it is written in an expression."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _lexeme(found: re.Match[str]) -> Lexeme:
    kind, value = found.lastgroup, found[0]
    if kind == "text":
        return Lexeme("text", re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL), found.start())
    if kind == "sign":
        return Lexeme("sign", "=" if value == "==" else value, found.start())
    return Lexeme(str(kind), value, found.start())


def _unknown(text: str, at: int) -> str:
    sign = text[at]
    if sign in "'\"":
        return f"the text that begins with {sign} does not end: write {sign} behind it"
    if sign == "#":
        return "an id is # and 16 characters 0-9a-f; a name stands in quotation marks"
    if sign in "&|":
        return f"write {'and' if sign == '&' else 'or'} instead of {sign}"
    if sign == "!":
        return "write not instead of !"
    if sign.isdigit() or sign == "-":
        return "that is not a number; dates and times stand in quotation marks: '2026-01-31'"
    return f"{sign!r} means nothing here"
