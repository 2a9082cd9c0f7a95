"""Files that are opened only where they are files: a pipe in the place of one would be waited for, for ever."""

import errno
import os
import stat
from pathlib import Path
from typing import Final

_NEVER_WAIT: Final = os.O_NONBLOCK | os.O_CLOEXEC
_IT_IS_NONE: Final = "It is not a regular file"
NO_FILE: Final = frozenset({errno.EISDIR, errno.ENXIO, errno.ELOOP})
"""What the system says of a file that stands there and is none, or leads to none."""


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """A descriptor of a file, which the caller closes. OSError, also for a folder, a pipe, a socket and a device.

    `mode` is that of a file that is made, less the umask.
    """
    fd = os.open(path, flags | _NEVER_WAIT, mode)
    error = _wrong_kind(path, os.fstat(fd).st_mode)
    if error is not None:
        os.close(fd)
        raise error
    return fd


def read_file(path: Path) -> bytes:
    """All of a file. Raises OSError as `open_regular`."""
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read()


def no_file(path: Path, wanted: int = os.R_OK) -> OSError | None:
    """Why what stands at `path` cannot be used as a file; None when it can, and when nothing stands there.

    It is not opened for that: closing it would let go of every lock that this process has on it, a database's too.
    """
    try:
        error = _wrong_kind(path, path.stat().st_mode)
    except OSError as reported:
        return reported if os.path.lexists(path) else None
    return error or _no_access(path, wanted)


def no_folder(path: Path) -> OSError | None:
    """Why what stands at `path` cannot be used as a folder; None when it can, and when nothing stands there."""
    try:
        mode = path.stat().st_mode
    except OSError as reported:
        return reported if os.path.lexists(path) else None
    if not stat.S_ISDIR(mode):
        return NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return _no_access(path, os.R_OK | os.X_OK)


def _wrong_kind(path: Path, mode: int) -> OSError | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISDIR(mode):
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return OSError(errno.ENXIO, _IT_IS_NONE, str(path))


def _no_access(path: Path, wanted: int) -> OSError | None:
    if os.access(path, wanted, effective_ids=True):
        return None
    read_only = wanted & os.W_OK and os.statvfs(path).f_flag & os.ST_RDONLY
    number = errno.EROFS if read_only else errno.EACCES
    return OSError(number, os.strerror(number), str(path))
