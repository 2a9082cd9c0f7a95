"""The header block of a mail as bytes: found, read and changed without touching any other byte."""

from typing import Final, NamedTuple

from postlude.mail.address_list import NamedAddress, read_address_list
from postlude.mail.encoded_words import as_shown
from postlude.mail.fields import block_end, read_fields
from postlude.mail.shown_addresses import shown_addresses


class HeaderField(NamedTuple):
    """One header field."""

    name: str
    """Lower case."""
    value: str
    """Unfolded and stripped, not decoded; bytes that are not UTF-8 are surrogates."""
    start: int
    end: int
    """`raw[start:end]` is the field with its line ends."""


class HeaderBlock:
    """The fields of one mail. A line that is not a field (an mbox `From ` line) is skipped and never changed."""

    def __init__(self, raw: bytes) -> None:
        end = block_end(raw, 0, len(raw))
        self.end: Final = len(raw) if end is None else end[0]
        self._read: dict[str, list[NamedAddress]] = {}
        self._claimed: dict[str, list[str]] = {}
        self.complete: Final = end is not None
        """False for a mail without the empty line between headers and body."""
        self.raw_fields: Final = read_fields(raw, 0, self.end)
        self.fields: Final = tuple(
            HeaderField(name, _unfold(value), start, stop) for name, value, start, stop in self.raw_fields
        )

    def all(self, name: str) -> list[str]:
        """Every value under `name` (lower case), in order."""
        return [field.value for field in self.fields if field.name == name]

    def first(self, name: str) -> str:
        """The first value under `name`, empty when there is none."""
        return next(iter(self.all(name)), "")

    def addresses(self, name: str) -> list[str]:
        """Every address in the fields called `name`."""
        return [one.address for one in self._named(name)]

    def claimed(self, name: str) -> list[str]:
        """The same, and what some readers take for an address there: one without quotes in a name, or malformed."""
        if name not in self._claimed:
            found = [address for one in self._named(name) for address in (one.address, *one.beside)]
            known = set(map(_as_word, found))
            further = (address for value in self.all(name) for address in shown_addresses(value))
            self._claimed[name] = found + [address for address in further if _as_word(address) not in known]
        return self._claimed[name]

    def _named(self, name: str) -> list[NamedAddress]:
        if name not in self._read:
            self._read[name] = [one for value in self.all(name) for one in read_address_list(value)]
        return self._read[name]


def _as_word(address: str) -> str:
    return "".join(sign for sign in address if sign not in '" \\')


def decoded(value: str) -> str:
    """A header's text as people read it: encoded words (RFC 2047) decoded, on one line, never an error."""
    return as_shown(value)


def without_fields(raw: bytes, head: HeaderBlock, names: frozenset[str], prefixes: tuple[str, ...] = ()) -> bytes:
    """`raw` without the fields of these names (lower case) or name prefixes; every other byte stays."""
    kept, at = [], 0
    for field in head.fields:
        if field.name in names or (prefixes and field.name.startswith(prefixes)):
            kept.append(raw[at : field.start])
            at = field.end
    return raw if not at else b"".join([*kept, raw[at:]])


def _unfold(value: bytes) -> str:
    return " ".join(value.decode("utf-8", "surrogateescape").split())
