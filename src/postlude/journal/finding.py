"""Damage that the reader finds in a journal: reported once, with numbers and meaning."""

from typing import NamedTuple


class JournalFinding(NamedTuple):
    """One thing that is not as it should be."""

    key: str
    """The same thing has the same key, whenever and however often it is found."""
    kind: str
    """`damaged`, `missing`, `older` or `gone`."""
    writer: str
    """Name of the journal it is about."""
    text: str
