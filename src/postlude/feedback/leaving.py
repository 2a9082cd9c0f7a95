"""Whether an answer asks to unsubscribe, as its only content or among other text, in any language."""

import re
from functools import cache, lru_cache
from typing import Final

from postlude.feedback.languages import fold_text, listed_words, word_set

_NO_WORD: Final = re.compile(r"[\W_]+")
_NO_ASCII_WORD: Final = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum()})
_MAX_REQUEST: Final = 200
"""Characters of an answer that is nothing but the request."""

_LOOKED_AT: Final = 500
"""Characters of a longer answer that are searched; further below are footers about unsubscribing."""

_MAX_POLITE: Final = 8
_MAX_POLITE_WORDS: Final = 4
"""Words of the longest polite phrase."""


def asks_to_leave(subject: str, text: str) -> bool:
    """The whole new text is an unsubscribe request, or the text is empty and the subject is one."""
    return _is_request(text or subject)


def wishes_to_leave(text: str) -> bool:
    """The answer contains the wish for no more mail, among other text: a user decides."""
    looked_at = _plain(text[:_LOOKED_AT])
    spaced, close = _wishes()
    words = looked_at.split()
    if not spaced.keys().isdisjoint(words):
        for word in spaced.keys() & words:
            for phrase in spaced[word]:
                if phrase in looked_at and _is_expressed(phrase, looked_at):
                    return True
    return not looked_at.isascii() and any(phrase in looked_at for phrase in close)


def _is_expressed(phrase: str, text: str) -> bool:
    """The phrase occurs, and at least once not behind a word that denies it (`do not unsubscribe me`)."""
    *befores, _ = text.split(phrase)
    return any(before.rpartition(" ")[2] not in word_set("negation") for before in befores)


@lru_cache(maxsize=4)
def _plain(text: str) -> str:
    """Folded words with one space between and around them."""
    if text.isascii():
        return f" {' '.join(text.lower().translate(_NO_ASCII_WORD).split())} "
    return f" {_NO_WORD.sub(' ', fold_text(text)).strip()} "


@cache
def _wishes() -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Phrases by their first word; and those of other scripts, which need not begin at a word's beginning."""
    spaced: dict[str, tuple[str, ...]] = {}
    close = []
    for phrase in map(_plain, listed_words("leave_sentence")):
        if phrase.isascii():
            first = phrase.split()[0]
            spaced[first] = (*spaced.get(first, ()), phrase)
        else:
            close.append(phrase.strip())
    return spaced, tuple(close)


@cache
def _requests() -> frozenset[str]:
    return frozenset(_plain(phrase).strip() for phrase in listed_words("leave"))


@cache
def _first_words() -> frozenset[str]:
    """One of these stands in every request in plain letters."""
    return frozenset(phrase.split()[0] for phrase in _requests() if phrase.isascii())


@cache
def _polite() -> tuple[str, ...]:
    return tuple(_plain(phrase).strip() for phrase in listed_words("politeness"))


@cache
def _polite_set() -> frozenset[str]:
    return frozenset(_polite())


def _is_request(text: str) -> bool:
    rest = _plain(text).strip() if len(text) <= _MAX_REQUEST else ""
    if rest.isascii() and _first_words().isdisjoint(rest.split()):
        return False
    for _ in range(_MAX_POLITE):
        if not rest or rest in _requests():
            return bool(rest)
        shorter = _without_politeness(rest)
        if shorter == rest:
            return False
        rest = shorter
    return False


def _without_politeness(text: str) -> str:
    """Without one word of politeness at the beginning or the end. Scripts without spaces have none around it either."""
    if text.isascii():
        return _without_polite_words(text.split(" "))
    if not (text.startswith(_polite()) or text.endswith(_polite())):
        return text
    for word in _polite():
        close = not word.isascii()
        if text.startswith(word) and (close or text[len(word) : len(word) + 1] in {"", " "}):
            return text[len(word) :].strip()
        if text.endswith(word) and (close or text[: -len(word)][-1:] in {"", " "}):
            return text[: -len(word)].strip()
    return text


def _without_polite_words(text: list[str]) -> str:
    """The same by lookup, for text with spaces between words."""
    for count in range(_MAX_POLITE_WORDS, 0, -1):
        if " ".join(text[:count]) in _polite_set():
            return " ".join(text[count:])
        if " ".join(text[-count:]) in _polite_set():
            return " ".join(text[:-count])
    return " ".join(text)
