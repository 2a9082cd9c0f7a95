"""Refusal texts of mail servers and mailbox operators: one TOML file per operator or family of servers.

A file has the sources of its entries (`[sources.NAME]`: url, title, and date) and the entries:

    [[said]]
    reason = "mailbox_full"         # a word of postlude.feedback.finding.Reason
    source = "errors"               # one of the sources above
    phrases = ["account is over quota", "messages from ... deferred"]
    codes = ["OverQuotaPerm"]       # the operator's own codes
    statuses = ["7.509"]            # subject.detail of status codes that are in no registry
    firm = true                     # its sentences are the whole reason, though a word in them may mean another

Phrases are compared word by word, without regard to case, punctuation and addresses; ` ... ` matches any words. The
most specific entry decides: a code before a phrase, a longer phrase before a shorter one.
"""

import re
import tomllib
from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from postlude.feedback.finding import Reason

WORD_RULES: Final = "word_rules.toml"
"""The one file of another form: rules over single words."""
LONG: Final = 24
"""From this length on a phrase is a sentence; a shorter one may be part of a sentence with another meaning, so the
rules over single words come first.
"""
_CODE_WEIGHT: Final = 1000
_GAP: Final = " ... "
_WORD: Final = re.compile(r"[^\W_]+(?:['#_][^\W_]+)*")
_IDEOGRAM: Final = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])")


class RefusalPattern(NamedTuple):
    """One phrase or code of one operator."""

    reason: Reason
    origin: str
    """The file's name, which the rule of a finding names."""
    pieces: tuple[str, ...]
    """What must occur in this order, words separated and surrounded by one space."""
    weight: int
    firm: bool = False
    """The sentence is the whole reason: no rule over its words decides otherwise."""


class _Index(NamedTuple):
    by_word: dict[str, list[RefusalPattern]]
    """Entries under the rarest of their words."""
    statuses: dict[str, tuple[Reason, str]]


def find_refusal(text: str) -> RefusalPattern | None:
    """The most telling entry that occurs in a text, None when none does."""
    by_word = _index().by_word
    words = _words(text)
    joined = f" {' '.join(words)} "
    best: RefusalPattern | None = None
    for word in by_word.keys() & set(words):
        for entry in by_word[word]:
            if (best is None or entry.weight > best.weight) and _occurs(entry.pieces, joined):
                best = entry
    return best


def of_status(detail: str) -> tuple[Reason, str] | None:
    """The reason of an operator's own status code (`7.509`) and the name of its file, None for others."""
    return _index().statuses.get(detail)


def _occurs(pieces: tuple[str, ...], joined: str) -> bool:
    at = 0
    for piece in pieces:
        at = joined.find(piece, at)
        if at < 0:
            return False
        at += len(piece) - 1
    return True


def _words(text: str) -> list[str]:
    text = text.lower()
    if not text.isascii():
        text = _IDEOGRAM.sub(r" \1 ", text.replace("\u2019", "'"))
    return _WORD.findall(text)


@cache
def _index() -> _Index:
    entries, statuses = _read()
    count = Counter(word for entry in entries for piece in entry.pieces for word in piece.split())
    by_word: dict[str, list[RefusalPattern]] = defaultdict(list)
    for entry in entries:
        words = [word for piece in entry.pieces for word in piece.split()]
        by_word[min(words, key=lambda word: (count[word], -len(word)))].append(entry)
    return _Index(dict(by_word), statuses)


def _read() -> tuple[list[RefusalPattern], dict[str, tuple[Reason, str]]]:
    entries: list[RefusalPattern] = []
    statuses: dict[str, tuple[Reason, str]] = {}
    for file in sorted(files(__name__).iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml") or file.name == WORD_RULES:
            continue
        origin = file.name.removesuffix(".toml")
        for refusal in tomllib.loads(file.read_text(encoding="utf-8"))["refusal"]:
            reason = Reason(refusal["reason"])
            statuses.update(dict.fromkeys(refusal.get("statuses", ()), (reason, origin)))
            firm = refusal.get("firm", False)
            entries += [_entry(reason, origin, text, 0, firm=firm) for text in refusal.get("phrases", ())]
            entries += [_entry(reason, origin, text, _CODE_WEIGHT, firm=firm) for text in refusal.get("codes", ())]
    return entries, statuses


def _entry(reason: Reason, origin: str, text: str, weight: int, *, firm: bool) -> RefusalPattern:
    pieces = tuple(f" {' '.join(_words(piece))} " for piece in text.split(_GAP))
    return RefusalPattern(reason, origin, pieces, weight + sum(map(len, pieces)) - 2 * len(pieces), firm)
