"""Which copies' messages had begun to leave: in shared memory, which outlives the process that wrote it.

After `kill -9` it is exact where the journal is not: a record that a killed writer had not yet answered is in the
journal as well. After a power cut it says nothing, nor does a copy of the file from a backup.
"""

import mmap
import os
from pathlib import Path
from typing import Final

from postlude.kit.files import make_way

_NAME: Final = "taken"
_MODE: Final = 0o640
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_HEAD_BYTES: Final = 4096
_ID_BYTES: Final = 64
# A copy stays in here for so many others: longer than a result that the disk refused waits until it is tried again.
_SLOTS: Final = 1 << 16
_WORD: Final = 8


class TakenCopies:
    """Written by one worker, beside its journal, whose lock it holds."""

    def __init__(self, folder: Path) -> None:
        """A new one, which forgets the former. Raises OSError."""
        path = folder / _NAME
        make_way(path)
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            # A hole would be filled at the first store through the mapping, and a full disk would then kill us.
            os.pwrite(fd, bytes(_HEAD_BYTES + _SLOTS * _WORD), 0)
            os.pwrite(fd, _identity(fd), 0)
            self._map = mmap.mmap(fd, _HEAD_BYTES + _SLOTS * _WORD)
        finally:
            os.close(fd)
        self._words = memoryview(self._map)[_HEAD_BYTES:].cast("Q")
        self._next = 0

    def add(self, copy: int) -> None:
        """From now on this copy may have left."""
        self._words[self._next] = copy
        self._next = (self._next + 1) % _SLOTS


def taken_copies(folder: Path) -> frozenset[int] | None:
    """What a worker that is dead had added last; None when that is unknown."""
    try:
        fd = os.open(folder / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        content = os.pread(fd, _HEAD_BYTES + _SLOTS * _WORD, 0)
        known = _identity(fd)
    except OSError:
        return None
    finally:
        os.close(fd)
    if not known.strip(b"\0") or content[:_ID_BYTES] != known or len(content) != _HEAD_BYTES + _SLOTS * _WORD:
        return None
    return frozenset(memoryview(content)[_HEAD_BYTES:].cast("Q")) - {0}


def _identity(fd: int) -> bytes:
    """Of this very file since the machine was started; zeros where that cannot be said."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return bytes(_ID_BYTES)
    return f"{boot} {os.fstat(fd).st_ino}".encode("ascii")[:_ID_BYTES].ljust(_ID_BYTES, b"\0")
