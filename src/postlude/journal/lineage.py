"""Under which writer number a segment's records are counted, so that no event id is ever used for two records.

A writer's folder proposes a number. It is used as long as the folder is the one that the stores have read. A journal
that is older than the stores, was deleted and recreated, or belongs to another installation continues under an unused
number.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from postlude.journal.position import MAX_WRITER
from postlude.journal.segment_header import SegmentHeader
from postlude.model.errors import StorageError
from postlude.model.segment import SegmentLabel


class Known(NamedTuple):
    """The stores' record of what they have read."""

    ends: Mapping[int, tuple[int, int]] = {}
    """(segment, offset) by writer number: the furthest that any store has read."""
    labels: Iterable[SegmentLabel] = ()


class Lineage:
    """Numbers for the segments of all writers under one root. Segments of a folder are asked for in ascending order."""

    def __init__(self, known: Known) -> None:
        self.ends: Final = dict(known.ends)
        self._by_key: Final = {label.key: label.writer for label in known.labels if label.key}
        self._identities: Final = {label.writer: label.identity for label in known.labels if label.identity}
        self.names: Final = {label.writer: label.name for label in known.labels if label.writer}
        self._of_names: Final = {(label.name, label.identity) for label in known.labels if label.identity}
        self._owners: Final[dict[int, str]] = {}
        self._current: Final[dict[str, int]] = {}
        self._proposed: Final[set[int]] = set()

    def identities_of(self, name: str) -> set[str]:
        """What the folder of this name was known as."""
        return {identity for of, identity in self._of_names if of == name}

    def propose(self, number: int) -> None:
        """A writer's folder asks for this number."""
        self._proposed.add(number)

    def number(
        self, folder: str, proposed: int, segment: int, head: SegmentHeader | None, identity: bytes = b""
    ) -> int:
        """The number for one segment. `identity`: its folder's; empty when unknown. StorageError when none is left."""
        number = self._by_key.get(head.key.hex()) if head else None
        if number is None:
            number = self._current.get(folder, proposed)
            strange = head is not None and identity not in {b"", head.identity}
            if strange or not self._fits(number, folder, segment, head):
                number = self._fresh()
        self._owners[number] = folder
        self._current[folder] = number
        return number

    def current(self, folder: str, proposed: int) -> int:
        """The number the folder's newest segment has."""
        return self._current.get(folder, proposed)

    def _fits(self, number: int, folder: str, segment: int, head: SegmentHeader | None) -> bool:
        if self._owners.get(number, folder) != folder:
            return False
        if head is None or number not in self.ends:
            return True
        known = self._identities.get(number)
        return segment > self.ends[number][0] and known in {None, head.identity.hex()}

    def _fresh(self) -> int:
        number = 1 + max((*self._proposed, *self.ends, *self.names, *self._owners), default=0)
        if number > MAX_WRITER:
            raise StorageError(
                f"all {MAX_WRITER} writer numbers of the journal are used; ask for help with a copy of it"
            )
        return number
