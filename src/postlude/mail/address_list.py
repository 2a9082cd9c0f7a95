"""The addresses of a header field (RFC 5322 section 3.4 with the older forms of 4.4), read in one pass.

The standard library's reader gives other answers from one Python to the next, and follows comments by recursion.
"""

import re
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]++)
      | (?P<quoted>"(?:[^"\\]|\\.)*+(?:"|\\?\Z))
      | (?P<literal>\[(?:[^\[\]\\]|\\.)*+(?:\]|\\?\Z))
      | (?P<special>[()<>:;,@.])
      | (?P<word>[^()<>:;,@."\[ \t\r\n]++)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT: Final = re.compile(r"[^()\\]++|\\.?|[()]", re.DOTALL)
_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_SPACE: Final = " "
"""What parts words: white space, comments, and signs that have no meaning where they stand."""


class NamedAddress(NamedTuple):
    """One address and the name beside it."""

    name: str
    """Without its quotes; a comment where there is no name; empty when nothing is written."""
    address: str
    """`local@domain` without spaces and comments; a word without `@` as it stands. Never empty."""
    beside: tuple[str, ...] = ()
    """Addresses in its name that are not quoted: some readers take them for further ones."""


def read_address_list(value: str) -> list[NamedAddress]:
    """Every address of `value`, those of groups too, in order. Never raises, and takes time in proportion to `value`.

    Where several stand without a comma between them, each of them is given: who asks whether all are allowed must not
    be told fewer than another reader sees.
    """
    return _Reader(value).addresses()


class _Reader:
    def __init__(self, value: str) -> None:
        self._value = value
        self._found: list[NamedAddress] = []
        self._begin()

    def _begin(self) -> None:
        """A list's next member."""
        self._outside: list[str] = []
        self._comments: list[str] = []
        self._inside: list[str] = []
        self._open = self._has_brackets = self._has_at = False
        self._bracketed: list[str] = []

    def addresses(self) -> list[NamedAddress]:
        at, value = 0, self._value
        while match := _TOKEN.match(value, at):
            at, sign = match.end(), match[0]
            if sign == "(":
                at = self._comment(at)
                sign = _SPACE
            elif match.lastgroup == "space":
                sign = _SPACE
            if self._open:
                self._take_inside(sign)
            else:
                self._take_outside(sign)
        self._end()
        return self._found

    def _take_outside(self, sign: str) -> None:
        if sign == "<":
            self._open = self._has_brackets = True
        elif sign in {",", ";"}:
            self._end()
        elif sign == ":" and not self._has_at:
            self._begin()  # what stood before it is a group's name
        else:
            self._has_at |= sign == "@"
            self._outside.append(_SPACE if sign in {":", ")", ">"} else sign)

    def _take_inside(self, sign: str) -> None:
        if sign in {"<", ">", ",", ";"}:
            self._close()
            self._open = sign != ">"
        elif sign == ":":
            self._inside.clear()  # a route, which servers follow no longer
        else:
            self._inside.append(_SPACE if sign == ")" else sign)

    def _close(self) -> None:
        self._bracketed += [word for word in _addresses(self._inside) if not word.startswith("@")]
        self._inside = []

    def _comment(self, at: int) -> int:
        """Where the comment that begins before `at` ends."""
        depth, begin = 1, at
        while depth and (match := _COMMENT.match(self._value, at)):
            at = match.end()
            depth += (match[0] == "(") - (match[0] == ")")
        self._comments.append(self._value[begin : at - (not depth)])
        return at

    def _end(self) -> None:
        self._close()
        comment = _PAIR.sub(r"\1", " ".join(self._comments)).strip()
        if self._bracketed:
            name = _shown(self._outside) or comment
            beside = tuple(_addresses(self._outside)) if self._has_at else ()
            self._found += [NamedAddress(name, address, beside) for address in self._bracketed]
        elif not self._has_brackets:
            self._found += [NamedAddress(comment, address) for address in _addresses(self._outside)]
        self._begin()


def _addresses(signs: list[str]) -> list[str]:
    """Every word with an `@` in it; without any the only word."""
    words = _joined(signs)
    if "@" not in signs:
        return ["".join(words[0])] if len(words) == 1 and not words[0][0].startswith('"') else []
    return ["".join(word) for word in words if "@" in word[1:-1]]


def _joined(signs: list[str]) -> list[list[str]]:
    """The signs of each word, without the spaces that may stand around dots and `@` (RFC 5322 section 4.4)."""
    words: list[list[str]] = []
    joined = spaced = False
    for sign in signs:
        if sign == _SPACE:
            spaced = True
            continue
        joins = sign in {".", "@"}
        if words and (joins or joined or not spaced):
            words[-1].append(sign)
        else:
            words.append([sign])
        joined, spaced = joins, False
    return words


def _shown(signs: list[str]) -> str:
    """A name as people read it."""
    plain = (_PAIR.sub(r"\1", sign[1:].removesuffix('"')) if sign.startswith('"') else sign for sign in signs)
    return " ".join("".join(plain).split())
