"""The words of every language, read once from the files beside this module (README.md explains their fields)."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final
from unicodedata import normalize

_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0900-\u0902\u093c\u0941-\u0948\u094d\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u3099\u309a\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
"""Combining marks (accents, vowel points) and invisible signs of the scripts the languages are written in."""

_SAME: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "ı": "i", "Ł": "l", "ł": "l"})


def fold_text(text: str) -> str:
    """The text as words are compared: without case and accents, one kind of apostrophe, single spaces."""
    if not text.isascii():
        text = _MARKS.sub("", normalize("NFKD", text.translate(_SAME)))
    return " ".join(text.replace("`", "'").casefold().split())


@cache
def listed_words(*fields: str) -> tuple[str, ...]:
    """All words that any language lists in these fields, folded, longest first, each once."""
    found = {
        fold_text(word) for language in _languages().values() for field in fields for word in _listed(language, field)
    }
    return tuple(sorted(found - {""}, key=lambda word: (-len(word), word)))


@cache
def word_set(*fields: str) -> frozenset[str]:
    """`words` prepared for lookup."""
    return frozenset(listed_words(*fields))


def any_of(listed: Iterable[str]) -> str:
    """A pattern for any of some words, longest first; `*` matches anything within a line."""
    return "|".join(re.escape(word).replace(r"\*", "[^\n]*") for word in sorted(listed, key=len, reverse=True))


def codes() -> tuple[str, ...]:
    """The languages there are, as ISO 639-1 codes."""
    return tuple(_languages())


@cache
def of(code: str, field: str) -> tuple[str, ...]:
    """One language's list for a field, as in its file."""
    return _listed(_languages()[code], field)


def _listed(language: dict[str, object], field: str) -> tuple[str, ...]:
    listed = language[field]
    if not isinstance(listed, list):
        raise TypeError(f"{field} of {language['name']} is not a list of words")
    return tuple(str(word) for word in listed)


@cache
def _languages() -> dict[str, dict[str, object]]:
    found = sorted(each.name for each in files(__name__).iterdir() if each.name.endswith(".toml"))
    return {
        name.removesuffix(".toml"): tomllib.loads(files(__name__).joinpath(name).read_text("utf-8")) for name in found
    }
