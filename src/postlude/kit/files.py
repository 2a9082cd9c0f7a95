"""Durable atomic file writes, and locks between processes.

Every function raises OSError as the system does; callers translate it.
"""

import errno
import fcntl
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from postlude.kit.regular_file import NO_FILE, no_file, open_regular, read_file

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_LOCK: Final = os.O_RDWR | os.O_CREAT
_IN_THE_WAY: Final = NO_FILE | {errno.ENOENT}
_LOCK_NAP_S: Final = 0.02

_log = logging.getLogger(__name__)


def replace_durably(path: Path, data: bytes, *, mode: int, through: Path | None = None) -> None:
    """Make `data` the content of `path`. After a crash at any moment the file is completely the old or the new one.

    On stable storage when this returns; when it raises, the old file is untouched. `mode` is the new file's, less the
    umask. The folder must exist. `through` is another folder of the same file system to write in (a maildir's `tmp`).
    A folder that stands in place of the file is quarantined.
    """
    fresh = _write_fresh(path, data, mode, through)
    try:
        make_way(path)
        fresh.replace(path)
    except OSError:
        _discard(fresh)
        raise
    sync_folder(path.parent)


def create_durably(path: Path, data: bytes, *, mode: int) -> None:
    """As `replace_durably`, for a file that must not exist yet: FileExistsError when it does, and it stays as it is.

    Of several processes that create the same file one succeeds, and none sees a partial file.
    """
    fresh = _write_fresh(path, data, mode, None)
    try:
        os.link(fresh, path)  # noqa: TID251 - the one place
    finally:
        _discard(fresh)
    sync_folder(path.parent)


def rename_durably(path: Path, to: Path) -> None:
    """Give a file another name in the same folder; `to` must not exist. On stable storage when this returns."""
    path.rename(to)
    sync_folder(to.parent)


def content_of(path: Path) -> bytes | None:
    """What stands in a file; None where there is none, or something else in its place."""
    try:
        return read_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in NO_FILE:
            raise
        return None


def quarantine_file(path: Path) -> Path:
    """Give what stands at `path`, file or folder, another name beside it, durably; returns that name."""
    quarantined = path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}")
    rename_durably(path, quarantined)
    return quarantined


def make_way(path: Path) -> None:
    """Set aside what stands where a file must be, and is none or leads to none.

    A folder, as containers make it of a file that is not there; a pipe; a link to itself.
    """
    if (error := no_file(path)) is not None and error.errno in _IN_THE_WAY:
        _log.error("%s (%s) is kept as %s", path, error.strerror, quarantine_file(path).name)


def make_folder(path: Path, mode: int = 0o777) -> None:
    """A folder at `path`, and those above it. A file that stands in the place of one is quarantined.

    A link that leads nowhere is left: what it leads to may be a disk that is not mounted.
    """
    for each in (path, *path.parents):
        if each.is_file():
            _log.error("%s is a file where a folder must be: it is kept as %s", each, quarantine_file(each).name)
    path.mkdir(mode=mode, parents=True, exist_ok=True)


def move_durably(fresh: Path, path: Path) -> None:
    """Move a file written beside `path` into its place, atomically and durably."""
    fd = os.open(fresh, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(fd)  # noqa: TID251 - the one place
    finally:
        os.close(fd)
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Return when the folder's entries (new files, renames, removals) are on stable storage."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)  # noqa: TID251 - the one place
    finally:
        os.close(fd)


def lock_file(path: Path, *, mode: int, patience_s: float | None = None) -> int:
    """Lock `path` (made when it is missing) for the life of the returned descriptor, against all other processes.

    Waits up to `patience_s`, as long as it takes without; BlockingIOError when another process still has it.
    On a read-only disk a file that is there can be locked as well. What else stands in its place is
    quarantined: nothing can hold it as a lock.
    """
    try:
        make_way(path)
        fd = open_regular(path, _LOCK, mode)
    except OSError as error:
        if error.errno not in {errno.EROFS, errno.EACCES}:
            raise
        fd = open_regular(path)
    try:
        if patience_s is None:
            fcntl.flock(fd, fcntl.LOCK_EX)  # noqa: TID251 - the one place
        else:
            _lock_within(fd, patience_s)
    except BaseException:
        os.close(fd)
        raise
    return fd


@contextmanager
def locked(path: Path, *, mode: int, patience_s: float | None = None) -> Iterator[None]:
    """As `lock_file`, released at the end of the block."""
    fd = lock_file(path, mode=mode, patience_s=patience_s)
    try:
        yield
    finally:
        os.close(fd)


def _lock_within(fd: int, patience_s: float) -> None:
    until = monotonic() + patience_s
    while True:
        try:
            return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # noqa: TID251 - the one place
        except BlockingIOError:
            if monotonic() >= until:
                raise
            sleep(_LOCK_NAP_S)


def _write_fresh(path: Path, data: bytes, mode: int, through: Path | None) -> Path:
    # The name begins with a dot and keeps no suffix, so that no pattern like `*.pem` finds a half-written file.
    fresh = (through or path.parent) / f".{path.name}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(fresh, _CREATE, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # noqa: TID251 - the one place
    except OSError:
        _discard(fresh)
        raise
    return fresh


def _discard(fresh: Path) -> None:
    with suppress(OSError):
        fresh.unlink()
