"""Prefixes of subjects: reply prefixes in every language, and the marks of gateways.

The one table for comparing subjects and recognising replies.
"""

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from postlude.feedback.languages import fold_text, listed_words, word_set

MAX_SUBJECT: Final = 1_000
"""Characters of a subject that are read; the rest is ignored."""

_MAX_PREFIXES: Final = 40
_TAG: Final = re.compile(r"\s*[\[(<{*]{1,4}([^\[\](){}<>*]{1,40})[\])>}*]{1,4}\s*[:：-]?\s*")
_MARKED: Final = re.compile(r"\s*([^\s:：\[\](){}<>*]{1,20}(?: [^\s:：\[\](){}<>*]{1,20})?)\s*[:：]\s*")
_BARE: Final = re.compile(r"\s*([^\s:：\[\](){}<>*]{1,20})\s+")
_PREFIX: Final = re.compile(
    r"\s*([^\W\d_][^:：\[(]{0,24}?)\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3}|\d{1,2})?\s*[:：]\s*"
)
_SPACES: Final = re.compile(r"\s+")


class Subject(NamedTuple):
    """A subject without what programs put before it."""

    plain: str
    answers: bool
    """It has a reply prefix."""
    forwards: bool


def read_subject(subject: str) -> Subject:
    """Remove all reply and forward prefixes and gateways' marks, in any order."""
    return _read(subject[:MAX_SUBJECT])


@lru_cache(maxsize=64)
def _read(rest: str) -> Subject:
    answers = forwards = False
    for _ in range(_MAX_PREFIXES):
        if prefix := _PREFIX.match(rest):
            word = fold_text(prefix[1]).rstrip(".")
            if word in _replies() or word in word_set("forward"):
                answers, forwards = answers or word in _replies(), forwards or word in word_set("forward")
                rest = rest[prefix.end() :]
                continue
        if mark := _mark(rest):
            rest = rest[mark:]
            continue
        break
    return Subject(rest.strip(), answers, forwards)


@cache
def _replies() -> frozenset[str]:
    return frozenset(word.rstrip(".") for word in word_set("reply"))


def _mark(rest: str) -> int:
    """End of a gateway's mark, 0 when there is none. A tag before a reply prefix counts as one."""
    tag = _TAG.match(rest)
    if tag and fold_text(tag[1]).strip("!-: ") in word_set("outside"):
        return tag.end()
    if tag and (prefix := _PREFIX.match(rest, tag.end())) and fold_text(prefix[1]).rstrip(".") in _replies():
        return tag.end()
    marked = _MARKED.match(rest)
    if marked and fold_text(marked[1]).strip("!- ") in word_set("outside"):
        return marked.end()
    bare = _BARE.match(rest)  # `EXTERNAL Re: ...`: a word alone is a mark only right before a reply prefix
    if bare and fold_text(bare[1]).strip("!- ") in word_set("outside"):
        prefix = _PREFIX.match(rest, bare.end())
        return bare.end() if prefix and fold_text(prefix[1]).rstrip(".") in _replies() else 0
    return 0


def plain_subject(subject: str) -> str:
    """A subject without prefixes, marks, case and spacing, for comparing."""
    return _SPACES.sub(" ", read_subject(subject).plain).strip().lower()


class Absence(NamedTuple):
    """What a subject shows about an automatic answer."""

    automatic: bool
    """A program's own wording: decisive."""
    away: bool
    """How people title a note of absence: one sign among several."""
    mentioned: bool = False
    """It begins with such words and goes on about something else, as `Out of office party` does: a weaker sign."""


_OPENING: Final = " \t[](){}<>*\"'«»“”-–—|!~=#【】「」『』（）〔〕"
_BOUNDARY: Final = re.compile(r"\s*(?:$|[:：\-–—|()\[\],.!~\"'«»“”/<>;【】「」『』（）〔〕。、！]|re\b|aw\b|fw\b)")
_SINCE: Final = re.compile(r"\s*(?:\d|$|[:：\-–—|()\[\],.!~\"'«»“”/<>;【】「」『』（）〔〕。、！])")
_NUMBER: Final = re.compile(r"\d")
_SHORT: Final = 2
"""Letters of a preposition that means many things."""
_SENTENCE: Final = 3
"""Spaces of a wording that is a sentence: `this is an automatic reply`."""
_HYPHEN: Final = re.compile(r"(?<=\w)-(?=\w)")
_ONLY_BEFORE_COLON: Final = 5
"""Words up to this length (`Auto`) decide only before a colon."""


def read_absence(subject: str) -> Absence:
    """How far a subject shows an automatic answer; one with a reply prefix shows nothing."""
    return _absence(read_subject(subject))


@lru_cache(maxsize=64)
def _absence(read: Subject) -> Absence:
    if read.answers or read.forwards:
        return Absence(automatic=False, away=False)
    text = fold_text(read.plain).lstrip(_OPENING)
    joined = _HYPHEN.sub("", text)
    automatic = joined.startswith(_automatic()) and any(
        _decides(joined[len(word) :], word) for word in _automatic() if joined.startswith(word)
    )
    begun = [word for word in listed_words("away") if text.startswith(word)]
    away = (
        automatic
        or text.startswith(listed_words("away_text"))
        or any(_goes_on(word, text[len(word) :]) for word in begun)
    )
    return Absence(automatic, away, mentioned=not away and any(" " in word for word in begun))


def _goes_on(word: str, rest: str) -> bool:
    """Behind the words of absence stands nothing more, a mark, a number, until when, or what `I am on` leaves open."""
    if _SINCE.match(rest):
        return True
    if not rest[:1].isspace():
        return False
    if len(word.rpartition(" ")[2]) <= _SHORT < len(word):
        return True
    following = rest.split(None, 1)[0]
    return following in word_set("until") or (f"{following} #" in word_set("until") and bool(_NUMBER.search(rest)))


@cache
def _automatic() -> tuple[str, ...]:
    """Programs' wordings: `auto-reply` and `autoreply` are the same word."""
    return tuple(dict.fromkeys(_HYPHEN.sub("", word) for word in listed_words("automatic")))


def _decides(rest: str, word: str) -> bool:
    """A program's wording is followed by a colon, a mark, from whom, or the end; a whole sentence by anything."""
    if rest.lstrip().startswith((":", "：")):
        return True
    if word.count(" ") >= _SENTENCE and not rest[:1].isalpha():
        return True
    if " " in word and rest[:1].isspace() and rest.split(None, 1)[0] in word_set("until"):
        return True
    return bool(_BOUNDARY.match(rest)) and (not word.isascii() or len(word) > _ONLY_BEFORE_COLON)
