"""Several words in one cell, such as a contact's tags: `news, "VIP, Gold"`."""

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r'\s*+(?:"((?:[^"]|"")*+)"|([^,;|]*?))\s*+(?:[,;|]|\Z)')
_GROUPS: Final = " ::: "  # how Google parts a contact's labels
_QUOTED: Final = re.compile(r'[",;|]|:::|^\s|\s$')


def words_text(words: Iterable[str]) -> str:
    """The words in one cell, in quotes where they must be."""
    return ",".join('"' + word.replace('"', '""') + '"' if _QUOTED.search(word) else word for word in words)


def split_cell(cell: str) -> tuple[str, ...]:
    """The words of a cell, each once: separated by commas, semicolons or bars outside quotes."""
    if '"' not in cell:
        found = re.split("[,;|]", cell.replace(_GROUPS, ","))
        return tuple(dict.fromkeys(word for each in found if (word := each.strip())))
    found = []
    at = 0
    while at < len(cell):
        match = _WORD.match(cell, at)
        if match is None:  # a quotation mark inside a word: part of the word
            end = min((i for i in (cell.find(mark, at) for mark in ",;|") if i >= 0), default=len(cell))
            found.append(cell[at:end])
            at = end + 1
        else:
            found.append(match[1].replace('""', '"') if match[1] is not None else match[2])
            at = match.end()
    return tuple(dict.fromkeys(word for each in found if (word := each.strip())))
