"""The mailing lists a preferences page offers, from a small file: the edge has no database."""

from pathlib import Path
from typing import Final

import msgspec

from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import content_of, replace_durably
from postlude.kit.regular_file import read_file
from postlude.model.errors import StorageError

MOST: Final = 100  # more cannot be shown on a page


class PublicList(msgspec.Struct, frozen=True):
    """One public mailing list."""

    id: str
    name: str
    description: str = ""


_decode: Final = msgspec.json.Decoder(tuple[PublicList, ...]).decode


def write_lists(path: Path, lists: tuple[PublicList, ...]) -> None:
    """Replace the file, unless it is equal. Edges apply it within 5 seconds."""
    data = msgspec.json.encode(lists[:MOST])
    try:
        if content_of(path) == data:
            return
        replace_durably(path, data, mode=0o640)
    except OSError as error:
        raise StorageError(file_trouble(error, path)) from error


def read_lists(path: Path) -> tuple[PublicList, ...]:
    """Content of the file; ValueError when it is damaged."""
    return _decode(read_file(path))


class ListsFile:
    """Reads the file when it changes; an unreadable file leaves the last content."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self.now: tuple[PublicList, ...] = ()
        self.problem = ""

    def refresh(self) -> None:
        """Read the file again if it changed."""
        if self._path is None:
            return
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                self.now, self._stamp = read_lists(self._path), stamp
            self.problem = ""
        except FileNotFoundError:
            self.now, self.problem = (), ""  # there are no lists
        except (OSError, ValueError) as error:
            self.problem = f"{self._path}: {error}"
