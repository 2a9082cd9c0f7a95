"""Withdrawn tracking and stopped links, as one small file that the edge holds in memory.

`magic (4) | crc32 of the rest (4) | msgpack array: [copies without opens, copies without clicks, links]`; the copies
are sorted big arrays of 64-bit little-endian ids (8 bytes a copy, searched by halving), a link is
`[kind, scope, position, replacement]` with an empty replacement when it was stopped.
"""

import os
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.kit.mapped import map_file
from postlude.kit.regular_file import open_regular
from postlude.model.errors import StorageError

_MAGIC: Final = b"PLR1"
_LinkKey = tuple[int, int, int]


class _File(msgspec.Struct, array_like=True):
    opens: memoryview
    clicks: memoryview
    links: list[tuple[int, int, int, str]]


class _Chosen(NamedTuple):
    at: int
    opens: bool
    clicks: bool


_ALL: Final = _Chosen(0, opens=True, clicks=True)
_MOST_CHOSEN: Final = 100_000  # about 20 MB
_REMEMBERED_MICROS: Final = 3_600_000_000


class Copies:
    """A set of copy ids, 8 bytes each, searched in the file's memory pages, which all edges share."""

    def __init__(self, packed: bytes | memoryview = b"") -> None:
        if sys.byteorder == "big":
            swapped = array("Q", bytes(packed))
            swapped.byteswap()
            packed = swapped.tobytes()
        self._ids = memoryview(packed).cast("B").cast("Q")
        self.added: set[int] = set()
        """Further ones, which the file does not know yet."""

    def __len__(self) -> int:
        return len(self._ids) + len(self.added)

    def __contains__(self, copy: int) -> bool:
        if copy in self.added:
            return True
        index = bisect_left(self._ids, copy)
        return index < len(self._ids) and self._ids[index] == copy


class Revoked:
    """Content of the file; empty without a file."""

    def __init__(self, file: _File | None = None) -> None:
        self.opens = Copies(file.opens if file else b"")
        self.clicks = Copies(file.clicks if file else b"")
        self.links: dict[_LinkKey, str] = {(kind, scope, n): url for kind, scope, n, url in file.links} if file else {}


def write_revoked(
    path: Path, opens: Iterable[int], clicks: Iterable[int], links: Mapping[_LinkKey, str] | None = None
) -> None:
    """Replace the file: copies whose opens or clicks are not to be recorded, links by (kind, scope, position).

    A link maps to the URL it leads to now, or to "" when it was stopped. Edges follow within 5 seconds.
    """
    rows = [(*key, url) for key, url in sorted((links or {}).items())]
    body = msgspec.msgpack.encode(_File(memoryview(_packed(opens)), memoryview(_packed(clicks)), rows))
    try:
        replace_durably(path, _MAGIC + crc32(body).to_bytes(4, "little") + body, mode=0o640)
    except OSError as error:
        raise StorageError(file_trouble(error, path)) from error


def read_revoked(path: Path) -> Revoked:
    """Content of the file; ValueError when it is damaged."""
    with os.fdopen(open_regular(path), "rb") as file:
        if not (size := os.fstat(file.fileno()).st_size):
            raise ValueError(f"{path} is damaged")
        # The pages are the file's own: a file that is replaced lives on for as long as it is looked at.
        data = memoryview(map_file(file.fileno(), size))
    if bytes(data[:4]) != _MAGIC or crc32(data[8:]).to_bytes(4, "little") != bytes(data[4:8]):
        raise ValueError(f"{path} is damaged")
    return Revoked(msgspec.msgpack.decode(data[8:], type=_File))


def _packed(copies: Iterable[int]) -> bytes:
    ids = array("Q", sorted(copies))
    if sys.byteorder == "big":
        ids.byteswap()
    return ids.tobytes()


class RevokedFile:
    """Reads the file when it changes: `refresh` keeps the old content when the new one is damaged.

    A choice made at this process (`choose`) applies at once and is remembered until the file contains it: for an hour,
    and longer while no newer file comes. After that the digest is behind or has applied the choice; in both cases it
    leaves out hits after the choice.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._chosen: dict[int, _Chosen] = {}
        self.now = Revoked()
        self.problem = ""

    def choose(self, copy: int, at: int, *, opens: bool, clicks: bool) -> None:
        """The recipient of `copy` chose at `at` (microseconds) what may be recorded from now on."""
        self._chosen.pop(copy, None)
        if not (opens and clicks):
            self._chosen[copy] = _Chosen(at, opens, clicks)
        if len(self._chosen) > _MOST_CHOSEN:
            self._drop(next(iter(self._chosen)))
        self._apply(copy)

    def refresh(self) -> bool:
        """Read the file again if it changed; whether it did."""
        if self._path is None:
            return False
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if stamp == self._stamp:
                return False
            self.now = read_revoked(self._path)
            self._stamp = stamp
            self.problem = ""
        except FileNotFoundError:
            self.problem = ""  # nothing was ever withdrawn
            return False
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            self.problem = str(error)
            return False
        self._carry_over(stat.st_mtime_ns // 1000)
        return True

    def _carry_over(self, written: int) -> None:
        for copy, chosen in list(self._chosen.items()):
            known = all(allowed or copy in copies for allowed, copies in self._pairs(chosen))
            if known or written - chosen.at > _REMEMBERED_MICROS:
                del self._chosen[copy]
            else:
                self._apply(copy)

    def _apply(self, copy: int) -> None:
        for allowed, copies in self._pairs(self._chosen.get(copy, _ALL)):
            (copies.added.discard if allowed else copies.added.add)(copy)

    def _drop(self, copy: int) -> None:
        del self._chosen[copy]
        self._apply(copy)

    def _pairs(self, chosen: _Chosen) -> tuple[tuple[bool, Copies], tuple[bool, Copies]]:
        return (chosen.opens, self.now.opens), (chosen.clicks, self.now.clicks)
