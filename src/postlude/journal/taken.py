"""Which copies' messages had begun to leave: in shared memory, which outlives the process that wrote it.

After `kill -9` it is exact where the journal is not: a record that a killed writer had not yet answered is in the
journal as well. After a power cut it says nothing of that. It also shows whose journal it lies beside: a copy of it,
from a backup say, has another inode than the one it names, and an older one names another worker.
"""

import mmap
import os
from pathlib import Path
from typing import Final, NamedTuple

from postlude.kit.files import make_way, sync_folder
from postlude.kit.regular_file import open_regular

_NAME: Final = "taken"
_MODE: Final = 0o640
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_HEAD_BYTES: Final = 4096
_ID_BYTES: Final = 128
# A copy stays in here for so many others: longer than a result that the disk refused waits until it is tried again.
_SLOTS: Final = 1 << 16
_WORD: Final = 8
_UNKNOWN: Final = "-"


class LastTaken(NamedTuple):
    """The file that the last worker left beside its journal."""

    worker: int | None
    """Whose it is; None from a version that did not say. 0: the file is a copy, so its journal may be one as well."""
    copies: frozenset[int] | None
    """What had begun to leave; None when that is unknown."""


_NOT_KNOWN: Final = LastTaken(0, None)


class TakenCopies:
    """Written by one worker, beside its journal, whose lock it holds."""

    def __init__(self, folder: Path, worker: int) -> None:
        """A new one, which forgets the former; durable, so that it shows whose journal this is. Raises OSError."""
        path = folder / _NAME
        make_way(path)
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        try:
            # A hole would be filled at the first store through the mapping, and a full disk would then kill us.
            os.pwrite(fd, bytes(_HEAD_BYTES + _SLOTS * _WORD), 0)
            os.pwrite(fd, _head(_boot(), fd, worker), 0)
            os.fsync(fd)  # noqa: TID251 - written in place, because its inode is what tells it from a copy
            self._map = mmap.mmap(fd, _HEAD_BYTES + _SLOTS * _WORD)
        finally:
            os.close(fd)
        sync_folder(folder)
        self._words = memoryview(self._map)[_HEAD_BYTES:].cast("Q")
        self._next = 0

    def add(self, copy: int) -> None:
        """From now on this copy may have left."""
        self._words[self._next] = copy
        self._next = (self._next + 1) % _SLOTS


def last_taken(folder: Path) -> LastTaken:
    """What a worker that is dead has left in its journal's folder."""
    try:
        fd = open_regular(folder / _NAME)
    except OSError:
        return _NOT_KNOWN
    try:
        content, inode = os.pread(fd, _HEAD_BYTES + _SLOTS * _WORD, 0), str(os.fstat(fd).st_ino)
    except OSError:
        return _NOT_KNOWN
    finally:
        os.close(fd)
    boot, where, worker = (*content[:_ID_BYTES].rstrip(b"\0").decode("ascii", "replace").split(" "), "", "", "")[:3]
    if where != inode or (worker and not worker.isdecimal()):
        return _NOT_KNOWN
    known = boot not in {"", _UNKNOWN} and boot == _boot() and len(content) == _HEAD_BYTES + _SLOTS * _WORD
    copies = frozenset(memoryview(content)[_HEAD_BYTES:].cast("Q")) - {0} if known else None
    return LastTaken(int(worker) if worker else None, copies)


def _head(boot: str, fd: int, worker: int) -> bytes:
    return f"{boot} {os.fstat(fd).st_ino} {worker}".encode("ascii").ljust(_ID_BYTES, b"\0")


def _boot() -> str:
    """This start of the machine; `-` where the system does not say."""
    try:
        return _BOOT.read_text(encoding="ascii").strip() or _UNKNOWN
    except OSError:
        return _UNKNOWN
