"""Rules over the words of refusals; the first match decides."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from postlude.feedback import refusals
from postlude.feedback.finding import Reason
from postlude.feedback.literals import Search, alternatives

_NAMED: Final = re.compile("%([a-z]+)%")


class TextRule(NamedTuple):
    """One pattern for one reason."""

    id: str
    reason: Reason
    patterns: tuple[re.Pattern[str], ...]


def first_rule(text: str) -> TextRule | None:
    """The first rule that matches a lower-case text, None when none does."""
    return _first(text, "rule")


def last_word(text: str) -> TextRule | None:
    """The first rule over single words, for a text in which nothing else is understood."""
    return _first(text, "last")


def _first(text: str, kind: str) -> TextRule | None:
    rules, search = _search(kind)
    number = search.first(text)
    return None if number is None else rules[number]


@cache
def text_rules(kind: str = "rule") -> tuple[TextRule, ...]:
    """The rules of one kind in their order; read and compiled when the first refusal comes in."""
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
        for rule in content[kind]
    )


@cache
def _search(kind: str) -> tuple[list[TextRule], Search]:
    """The rule of every pattern, and the search for them."""
    rules = [(rule, pattern) for rule in text_rules(kind) for pattern in rule.patterns]
    return [rule for rule, _ in rules], Search(pattern for _, pattern in rules)
