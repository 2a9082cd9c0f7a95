"""A few reserved megabytes per writer for a full disk: hits are stored until space is freed.

A segment is made of it, and overwriting what is allocated takes no space. A hit takes 150 to 420 bytes.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

from postlude.journal.disk import Disk
from postlude.kit.files import make_way
from postlude.kit.regular_file import open_regular

NAME: Final = "spare"
SPARE_BYTES: Final = 16 << 20  # an hour of 10 hits a second, also of browsers whose hits are longest (417 bytes)
_PIECE: Final = 1 << 20
_RETRY_SECONDS: Final = 30.0
_ROOM: Final = 4
"""A spare is made again once the disk has this many times its size free: it must not fill the disk itself."""


class Spare:
    """At most one file of `size` bytes in a writer's folder (0: none), written once and kept from start to start."""

    def __init__(self, disk: Disk, folder: Path, size: int) -> None:
        self.size: Final = size
        self._disk = disk
        self._path = folder / NAME
        self._thread: threading.Thread | None = None
        self._try_at = 0.0
        self._stop = False
        self.keep_up()

    def keep_up(self) -> None:
        """Begin to make one where there is none; cheap, and at most twice a minute."""
        if not self.size or monotonic() < self._try_at:
            return
        self._try_at = monotonic() + _RETRY_SECONDS
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._make, name="journal spare", daemon=True)
            self._thread.start()

    @property
    def there(self) -> bool:
        """Whether `take` has something to give."""
        return bool(self.size) and self._path.exists()

    def take(self, path: Path) -> int | None:
        """The file under its new name; None when there is none."""
        if not self.size:
            return None
        try:
            fd = open_regular(self._path, os.O_RDWR)
        except OSError:
            return None
        try:
            if os.fstat(fd).st_size != self.size:
                raise FileNotFoundError(self._path)
            self._path.rename(path)
        except OSError:
            self._disk.close(fd)
            return None
        self._try_at = monotonic() + _RETRY_SECONDS
        return fd

    def close(self) -> None:
        """Leave it for the next start."""
        self._stop = True
        if self._thread is not None:
            self._thread.join()

    def _make(self) -> None:
        with suppress(OSError):
            if self._path.exists() and self._path.stat().st_size == self.size:
                return
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < _ROOM * self.size:
                return
            make_way(self._path)
            self._path.unlink(missing_ok=True)
            self._fill()

    def _fill(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        fd = self._disk.create(fresh)
        try:
            for offset in range(0, self.size, _PIECE):
                if self._stop:
                    return
                self._disk.write(fd, bytes(min(_PIECE, self.size - offset)), offset)
                self._disk.sync(fd)
        finally:
            self._disk.close(fd)
        fresh.rename(self._path)
