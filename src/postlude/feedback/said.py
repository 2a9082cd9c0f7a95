"""What servers say when they refuse: rules over words, of which the first that matches decides."""

import re
import tomllib
from collections import defaultdict
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from postlude.feedback import refusals
from postlude.feedback.finding import Reason
from postlude.feedback.literals import SIZE, alternatives, needed

_NAMED: Final = re.compile("%([a-z]+)%")


class TextRule(NamedTuple):
    """One way servers say one reason."""

    id: str
    reason: Reason
    patterns: tuple[re.Pattern[str], ...]


class _Index(NamedTuple):
    """The patterns of all rules in the order of the rules, and which of them a text can match at all."""

    patterns: tuple[tuple[TextRule, re.Pattern[str]], ...]
    by_piece: dict[str, list[int]]
    always: frozenset[int]
    """Patterns of which nothing is known."""


def first_rule(text: str) -> TextRule | None:
    """The first rule that matches a lower-case text, None when none does."""
    index = _index()
    pieces = {text[at : at + SIZE] for at in range(len(text) - SIZE + 1)}
    tried = index.always.union(*(index.by_piece[piece] for piece in index.by_piece.keys() & pieces))
    for number in sorted(tried):
        rule, pattern = index.patterns[number]
        if pattern.search(text):
            return rule
    return None


@cache
def text_rules() -> tuple[TextRule, ...]:
    """The rules in their order; read and compiled when the first refusal comes in."""
    content = tomllib.loads(files(refusals).joinpath(refusals.WORD_RULES).read_text(encoding="utf-8"))
    words: dict[str, str] = content["words"]
    return tuple(
        TextRule(
            rule["id"],
            Reason(rule["reason"]),
            tuple(
                re.compile(part)
                for text in rule["patterns"]
                for part in alternatives(_NAMED.sub(lambda name: words[name[1]], text))
            ),
        )
        for rule in content["rule"]
    )


@cache
def _index() -> _Index:
    patterns = tuple((rule, pattern) for rule in text_rules() for pattern in rule.patterns)
    by_piece: dict[str, list[int]] = defaultdict(list)
    always = set()
    for number, (_, pattern) in enumerate(patterns):
        pieces = needed(pattern.pattern)
        for piece in pieces:
            by_piece[piece].append(number)
        if not pieces:
            always.add(number)
    return _Index(patterns, dict(by_piece), frozenset(always))
