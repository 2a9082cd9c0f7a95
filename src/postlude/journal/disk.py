"""The few file operations the journal uses, in one place, so that tests can make a disk fail or record the order."""

import os
from pathlib import Path
from typing import Final

from postlude.kit.files import sync_folder

_CREATE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Disk:
    """The real disk. Every method raises OSError when the system does."""

    def create(self, path: Path) -> int:
        """Open a file that must not exist yet."""
        return os.open(path, _CREATE, 0o640)

    def write(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""
        done = os.pwrite(fd, data, offset)
        while done < len(data):
            done += os.pwrite(fd, data[done:], offset + done)

    def sync(self, fd: int) -> None:
        """Return when the file's bytes and its length are on stable storage."""
        os.fdatasync(fd)  # noqa: TID251 - one of the journal's own operations

    def store(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset` and return when it is on stable storage: one system call, not two."""
        done = os.pwritev(fd, (data,), offset, os.RWF_DSYNC)
        while done < len(data):
            done += os.pwritev(fd, (data[done:],), offset + done, os.RWF_DSYNC)

    def truncate(self, fd: int, size: int) -> None:
        """Cut the file at `size`."""
        os.ftruncate(fd, size)

    def close(self, fd: int) -> None:
        """Close the file."""
        os.close(fd)

    def sync_folder(self, path: Path) -> None:
        """Return when the folder's entries (new files, renames) are on stable storage."""
        sync_folder(path)
