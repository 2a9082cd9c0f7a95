"""Addresses that some mail program may show of a header field, whether or not the field is well-formed.

Programs disagree about malformed fields: `anna@example.org, boss@example.org@` is one address to one, two to another.
Whoever decides who may write as whom looks at all of them.
"""

import re
from typing import Final

_QUOTED: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKETS: Final = re.compile(r"\\.|[()]", re.DOTALL)
_PLAIN: Final = re.compile(r'[^"()\\]++')
_AT: Final = re.compile(r"[\s\x00-\x20]*+@")
_SPACE: Final = re.compile(r"[\s\x00-\x20]++")
_AROUND_AT: Final = re.compile(r" ?@ ?")
_ENDS_A_WORD: Final = re.compile(r'[\s\x00-\x20\x7f,;:<>()"\\@]')
_WORD: Final = re.compile(r'(?:\[[^\[\]\s<>@]*+\]|[^\s\x00-\x20\x7f,;:<>()"])++')


def shown_addresses(value: str) -> list[str]:
    """Every word of an unfolded field that holds a local part and a domain, outside of quotes and comments."""
    text = _AROUND_AT.sub("@", _SPACE.sub(" ", _without_comments(value)))
    words = (word.strip("@") for word in _WORD.findall(text))
    return list(dict.fromkeys(word for word in words if "@" in word))


def _without_comments(value: str) -> str:
    """The text outside of quotes and comments; one that never ends is none. A quoted local part stays."""
    kept: list[str] = []
    at = 0
    quotes = comments = True  # False behind one that never ends
    while at < len(value):
        end = -1
        if value[at] == '"' and quotes:
            found = _QUOTED.match(value, at)
            end = found.end() if found else -1
            quotes = end > 0
            kept.append(_ENDS_A_WORD.sub("", value[at:end]) if end > 0 and _AT.match(value, end) else " ")
        elif value[at] == "(" and comments:
            end = _comment_end(value, at)
            comments = end > 0
            kept.append(" ")
        elif plain := _PLAIN.match(value, at):
            end = plain.end()
            kept.append(plain[0])
        at = end if end > 0 else at + 1
    return "".join(kept)


def _comment_end(value: str, start: int) -> int:
    """Behind the bracket that ends the comment which begins at `start`; -1 when it never ends."""
    depth = 0
    for bracket in _BRACKETS.finditer(value, start):
        depth += {"(": 1, ")": -1}.get(bracket[0], 0)
        if not depth:
            return bracket.end()
    return -1
