"""Which letters a regular expression cannot do without: where they are missing, it need not be tried.

Only what the rules over words are made of is understood (groups, classes, quantifiers); anything else is taken for
"nothing is known", which costs time and never a match.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

SIZE: Final = 3
"""Characters of one piece: three are rare enough to skip most rules, and short words have them."""
_OPTIONAL: Final = ("?", "*", "{0")
_PLAIN: Final = re.compile(r"[^\\\[\](){}.^$*+?|]")


def alternatives(pattern: str) -> list[str]:
    """The parts of a pattern between top-level `|`."""
    parts, at, depth = [], 0, 0
    position = 0
    while position < len(pattern):
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            position = _class_end(pattern, position)
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and not depth:
            parts.append(pattern[at:position])
            at = position + 1
        position += 1
    return [*parts, pattern[at:]]


def needed(pattern: str) -> frozenset[str]:
    """Pieces of `SIZE` characters of which any match contains at least one; empty when nothing is known."""
    found: list[frozenset[str]] = []
    if len(alternatives(pattern)) > 1:
        return min(_of_group(pattern), key=len, default=frozenset())
    run = ""
    position = 0
    while position <= len(pattern):
        char = pattern[position : position + 1]
        behind = pattern[position + 1 : position + 3]
        if char and _PLAIN.fullmatch(char) and not behind.startswith(_OPTIONAL):
            run += char
            position += 1
            if behind[:1] not in {"+", "{"}:
                continue
        found += _pieces(run)
        run = ""
        if char == "(":
            end = _group_end(pattern, position)
            if not pattern.startswith(("(?<", "(?!", "(?="), position) and not pattern[end:].startswith(_OPTIONAL):
                found += _of_group(pattern[position + 1 : end - 1].removeprefix("?:"))
            position = end
        elif char == "\\":
            position += 2
        elif char == "[":
            position = _class_end(pattern, position) + 1
        elif char == "{":
            position = pattern.index("}", position) + 1
        else:
            position += 1
    return min(found, key=len, default=frozenset())


def _pieces(run: str) -> list[frozenset[str]]:
    """The pieces of a run of plain characters, each enough by itself."""
    return [frozenset({run[at : at + SIZE]}) for at in range(len(run) - SIZE + 1)][-1:]


def _of_group(inner: str) -> list[frozenset[str]]:
    options = [needed(option) for option in alternatives(inner)]
    return [frozenset().union(*options)] if all(options) else []


def _class_end(pattern: str, start: int) -> int:
    position = start + 2  # a leading `]` is literal
    while pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position


def _group_end(pattern: str, start: int) -> int:
    depth, position = 0, start
    while True:
        char = pattern[position]
        if char == "\\":
            position += 1
        elif char == "[":
            position = _class_end(pattern, position)
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if not depth:
                return position + 1
        position += 1


class Search:
    """Many patterns, of which only those are tried whose letters occur in a text."""

    def __init__(self, patterns: Iterable[re.Pattern[str]]) -> None:
        self._patterns = tuple(patterns)
        self._by_piece: dict[str, list[int]] = defaultdict(list)
        always = set()
        for number, pattern in enumerate(self._patterns):
            pieces = needed(pattern.pattern)
            for piece in pieces:
                self._by_piece[piece].append(number)
            if not pieces:
                always.add(number)
        self._always = frozenset(always)
        self._in_order = tuple(sorted(always))

    def first(self, text: str) -> int | None:
        """The number of the first pattern that occurs in a lower-case text, None when none does."""
        pieces = {text[at : at + SIZE] for at in range(len(text) - SIZE + 1)}
        hinted = self._by_piece.keys() & pieces
        tried: Iterable[int] = self._in_order
        if hinted:
            tried = sorted(self._always.union(*(self._by_piece[piece] for piece in hinted)))
        return next((number for number in tried if self._patterns[number].search(text)), None)
