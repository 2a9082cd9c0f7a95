"""Unchanged mail, one file per message: too large for the journal, stored before the journal refers to it."""

import errno
import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from postlude.journal.disk import Disk
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError, StorageError

PARTS: Final = 128
"""Folders a spool has: by the first two digits of a positive 63-bit id."""


def checksum(data: bytes) -> str:
    """Checksum of these bytes: stored in the journal, apart from the file."""
    return blake2b(data, digest_size=16).hexdigest()


class Spool:
    """Files `root/ab/<id>.eml`; `put` returns when the file survives a power cut. Safe for threads."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self._root = root
        self._disk = disk or Disk()

    def path(self, id: int) -> Path:  # noqa: A002 - the public word for it
        """Path for `id`; the file may not exist."""
        name = id_text(id)
        return self._root / name[:2] / f"{name}.eml"

    def put(self, id: int, data: bytes) -> None:  # noqa: A002 - the public word for it
        """Store `data` under `id`, replacing what was there; StorageError when the disk refused."""
        path = self.path(id)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            self._make_folder(path.parent)
            self._write(fresh, data)
            fresh.replace(path)
            self._disk.sync_folder(path.parent)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise StorageError(f"{path}: {error.strerror or error}") from error

    def get(self, id: int) -> bytes:  # noqa: A002 - the public word for it
        """The bytes stored under `id`; NotFoundError when there are none, or the disk has lost them."""
        try:
            return self.path(id).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            raise NotFoundError(f"no mail is stored under {id_text(id)}") from None
        except OSError as error:
            if error.errno == errno.EIO:  # this file's own damage: all others can be read
                raise NotFoundError(f"the mail stored under {id_text(id)} cannot be read: {error.strerror}") from error
            raise StorageError(f"{self.path(id)}: {error.strerror or error}") from error

    def delete(self, id: int) -> None:  # noqa: A002 - the public word for it
        """Remove what is stored under `id`, if anything is."""
        try:
            self.path(id).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{self.path(id)}: {error.strerror or error}") from error

    def older(self, part: int, before: float) -> dict[int, float]:
        """When each mail was stored that was stored before `before` (both in Unix seconds), in one of PARTS folders.

        What a killed writer left half written, as old as that, is removed on the way. Raises StorageError.
        """
        found: dict[int, float] = {}
        folder = self._root / f"{part:02x}"
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if (stored := entry.stat().st_mtime) >= before:
                        continue
                    id = parse_id(entry.name.removesuffix(".eml"))  # noqa: A001 - the public word for it
                    if id is not None:
                        found[id] = stored
                    elif entry.name.startswith("."):
                        Path(entry).unlink(missing_ok=True)
        except FileNotFoundError:
            return {}  # nothing was ever stored there, or a file is being replaced: looked at again later
        except OSError as error:
            raise StorageError(f"{folder}: {error.strerror or error}") from error
        return found

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            self._disk.sync_folder(folder.parent)
            self._disk.sync_folder(folder.parent.parent)

    def _write(self, path: Path, data: bytes) -> None:
        fd = self._disk.create(path)
        try:
            self._disk.write(fd, data, 0)
            os.fsync(fd)  # noqa: TID251 - through Disk, so that tests can make it fail
        finally:
            self._disk.close(fd)
