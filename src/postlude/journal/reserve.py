"""A segment written full of zeros before it is needed.

Overwriting costs one flush a batch; growing a file costs the file system's own journal as well (measured: 200 against
360 us a sync). Only writers with traffic get one: a few records a day stay a few kilobytes.
"""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from postlude.journal.disk import Disk
from postlude.kit.files import make_way

NAME: Final = "reserve"
_PIECE: Final = 1 << 20  # small pieces, so that the records' own syncs never wait long behind it


class Reserve:
    """At most one prepared file of `size` bytes in a writer's folder."""

    def __init__(self, disk: Disk, folder: Path, size: int) -> None:
        self._disk = disk
        self._path = folder / NAME
        self._size = size
        self._thread: threading.Thread | None = None
        self._fd: int | None = None
        self._stop = False
        make_way(self._path)
        self._path.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Begin to make one, unless there is one or one is being made."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._make, name="journal reserve", daemon=True)
            self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether `take` has something to give."""
        return self._fd is not None

    def take(self, path: Path) -> int | None:
        """The prepared file under its new name; None when there is none."""
        fd, self._fd = self._fd, None
        if fd is None:
            return None
        self._thread = None
        try:
            self._path.rename(path)
        except OSError:
            self._disk.close(fd)
            raise
        return fd

    def close(self) -> None:
        """Remove what was prepared for nothing."""
        self._stop = True
        if self._thread is not None:
            self._thread.join()
        if self._fd is not None:
            self._disk.close(self._fd)
            self._fd = None
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _make(self) -> None:
        try:
            fd = self._disk.create(self._path)
        except OSError:
            return  # growing the file instead is slower and just as safe
        try:
            done = self._fill(fd)
        except OSError:
            done = False
        if done:
            self._fd = fd
            return
        self._disk.close(fd)
        with suppress(OSError):
            self._path.unlink()

    def _fill(self, fd: int) -> bool:
        for offset in range(0, self._size, _PIECE):
            if self._stop:
                return False
            self._disk.write(fd, bytes(min(_PIECE, self._size - offset)), offset)
            self._disk.sync(fd)
        return True
