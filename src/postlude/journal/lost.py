"""Losses of a writer whose folder cannot be written, not even with the number of losses: stored until it can.

The number is in the folder if possible, else in the system's temporary folder.
"""

import errno
import os
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

from postlude.kit.regular_file import read_file

_NAME: Final = "lost"


def note(folder: Path, records: int) -> bool:
    """Add `records` to what the writer of `folder` lost; False when nothing on this machine takes it."""
    for path in _places(folder):
        try:
            _write(path, _read(path) + records)
        except OSError:
            continue
        return True
    return False


def take_lost(folder: Path) -> int:
    """All that was noted for `folder`, once."""
    records = 0
    for path in _places(folder):
        if found := _read(path):
            records += found
            with suppress(OSError):
                path.unlink()
    return records


def noted(folder: Path) -> int:
    """All that is noted for `folder` and was not taken yet."""
    return sum(map(_read, _places(folder)))


def _read(path: Path) -> int:
    try:
        if path.lstat().st_uid != os.geteuid():
            return 0
        return int(read_file(path))
    except (OSError, ValueError):
        return 0


def _write(path: Path, records: int) -> None:
    """Never through a link: in the folder for temporary files every account can put one, to a file of ours."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        if os.fstat(fd).st_uid != os.geteuid():
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        file.truncate()
        file.write(f"{records}\n")


def _places(folder: Path) -> tuple[Path, Path]:
    name = blake2b(str(folder.absolute()).encode(), digest_size=8).hexdigest()
    return folder / _NAME, Path(tempfile.gettempdir()) / f"postlude-lost-{os.geteuid()}-{name}"
