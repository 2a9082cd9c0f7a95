"""Style sheets before they are inlined: rules that no `style` attribute can express are quarantined unchanged.

A rule that matches nothing in the page is left in its sheet by the inliner itself: mail clients add these classes
(`.ExternalClass`, `[data-ogsc]`). CSS Syntax 3 is followed as far as finding the rules needs it.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from postlude.compose.protected_document import COMMENT, ProtectedDocument

_ELEMENT: Final = re.compile(
    COMMENT + r"|(<style\b((?:[^>\"']|\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))*)(?:>|\Z))(.*?)(?=</style\b|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE: Final = re.compile(r"\b(media|data-css-inline)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_EVERYWHERE: Final = frozenset(("", "all", "screen"))
_BY_CODE: Final = re.compile(
    rf"\b(?:class|id)\s*=\s*(?:\"[^\"]*{ProtectedDocument.MARK}|'[^']*{ProtectedDocument.MARK}|[^\s\"'>]*{ProtectedDocument.MARK})",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(
    r"/\*.*?(?:\*/|\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?"
    r"|url\([ \t\r\n]*+(?![\"'])(?:[^)\\]|\\.)*+\)?"
    r"|\\.|<!--|-->|[{}()\[\];,]",
    re.DOTALL | re.IGNORECASE,
)
_BLANK: Final = r"(?:\s++|/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*/)*"
_LEADING: Final = re.compile(rf"{_BLANK}(?:{ProtectedDocument.PATTERN.pattern}|<!--|-->)")
_EMPTY: Final = re.compile(rf"{_BLANK}\Z")
_AT_RULE: Final = re.compile(rf"{_BLANK}@")
_STATEMENT: Final = re.compile(r"\{%[-+]?\s*(end)?(\w*)")
_BLOCKS: Final = frozenset(("if", "for", "macro", "call", "filter", "set", "with", "autoescape"))
_PSEUDO: Final = re.compile(r"(?<!\\)(::?)(-?[a-zA-Z_][\w-]*)")
_STATIC: Final = frozenset(
    (
        *(
            "first-child",
            "last-child",
            "only-child",
            "nth-child",
            "nth-last-child",
            "root",
            "empty",
            "link",
            "any-link",
        ),
        *("first-of-type", "last-of-type", "only-of-type", "nth-of-type", "nth-last-of-type"),
        *("not", "is", "where", "has"),
    )
)
"""Pseudo-classes that are settled by the page itself; all others depend on the reader and what is done with it."""


def names_by_code(html: str) -> bool:
    """A class or id is made by the template: a rule that matches nothing now may do so for a recipient."""
    return _BY_CODE.search(html) is not None


def with_marks(document: ProtectedDocument) -> str:
    """The guarded page, with marks in its style sheets for what must stay in them as it is. Linear."""
    return _ELEMENT.sub(
        lambda match: match[0] if match[1] is None else match[1] + _sheet(match, document), document.text
    )


def _sheet(element: re.Match[str], document: ProtectedDocument) -> str:
    """The content of one style element."""
    reported = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(element[2])}
    sheet = element[3]
    if (
        reported.get("media", "").strip().lower() not in _EVERYWHERE
        or reported.get("data-css-inline", "").lower() == "ignore"
    ):
        return document.keep_rule(sheet)
    kept = document.keep_rule(sheet) if reported.get("data-css-inline", "").lower() == "keep" else ""
    return kept + "".join(_inlinable(sheet, document))


def _inlinable(sheet: str, document: ProtectedDocument) -> Iterator[str]:
    depth = 0  # blocks of the template that are open: what is in them is for some recipients only
    for item in _items(sheet, document):
        change = _change(item.text, document)
        if change is not None or depth:
            depth = max(0, depth + (change or 0))
            yield document.keep_rule(item.text)
        elif not item.selectors:
            yield document.keep_rule(item.text)
        else:
            fixed = [each for each in item.selectors if _is_static(each)]
            if len(fixed) < len(item.selectors):
                loose = [each for each in item.selectors if not _is_static(each)]
                yield document.keep_rule(",".join(loose) + item.block)
            if fixed:
                yield ",".join(fixed) + item.block


def _change(text: str, document: ProtectedDocument) -> int | None:
    """By how much the template's statements in the text open more blocks than they close; None without statements."""
    codes = [document.code(match[1]) for match in ProtectedDocument.PATTERN.finditer(text)]
    statements = [code for code in codes if not code.startswith("{{")]
    return sum(map(_opens, statements)) if statements else None


def _opens(code: str) -> int:
    """1 where the statement opens a block of the template, -1 where it closes one."""
    match = _STATEMENT.match(code)
    if match is None:
        return 0
    if match[1]:
        return -1
    return int(match[2] in _BLOCKS and not (match[2] == "set" and "=" in code))


def _is_static(selector: str) -> bool:
    return all(colons == ":" and name.lower() in _STATIC for colons, name in _PSEUDO.findall(selector))


class _Item(NamedTuple):
    """A rule, an at-rule, or a piece of template code between them."""

    text: str
    selectors: tuple[str, ...] = ()
    """A style rule without nested rules."""
    block: str = ""
    """Its declarations, with their braces."""


def _items(sheet: str, document: ProtectedDocument) -> Iterator[_Item]:
    """Everything in the sheet, in order; blanks and comments between rules are left out."""
    at = 0
    while not _EMPTY.match(sheet, at):
        lead = _LEADING.match(sheet, at)
        if lead and lead[1] is None:  # CDO and CDC mean nothing
            at = lead.end()
        elif lead and document.code(lead[1]).startswith("{%"):
            yield _Item(lead[0])
            at = lead.end()
        else:
            item, at = _next_item(sheet, at)
            yield item


def _next_item(sheet: str, at: int) -> tuple[_Item, int]:
    """The rule that begins at `at`, and where it ends."""
    start, opened, commas, nested = -1, 0, [at - 1], False
    inner = 0  # brackets of selectors
    is_at_rule = _AT_RULE.match(sheet, at) is not None
    for token in _TOKEN.finditer(sheet, at):
        match token[0]:
            case "{":
                nested = nested or opened > 0
                start = token.start() if start < 0 else start
                opened += 1
            case "}":
                opened -= 1
                if opened <= 0:
                    return _made(sheet, at, token.end(), start, commas, plain=not (nested or is_at_rule)), token.end()
            case ";" if not opened and is_at_rule:
                return _Item(sheet[at : token.end()]), token.end()
            case "(" | "[" if start < 0:
                inner += 1
            case ")" | "]" if start < 0:
                inner -= 1
            case "," if start < 0 and not inner:
                commas.append(token.start())
    return _Item(sheet[at:]), len(sheet)


def _made(sheet: str, at: int, end: int, start: int, commas: list[int], *, plain: bool) -> _Item:
    if not plain or start < 0:
        return _Item(sheet[at:end])
    bounds = [*commas, start]
    selectors = tuple(sheet[a + 1 : b].strip() for a, b in pairwise(bounds))
    return _Item(sheet[at:end], selectors, sheet[start:end])
