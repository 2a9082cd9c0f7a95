"""What the system says of a file, in words for people: which file, what is wrong, what to do."""

import errno
import os
from pathlib import Path
from typing import Final

_REMEDIES: Final = {
    errno.EISDIR: "A folder is where a file must be: rename it",
    errno.ENOTDIR: "A file is where a folder must be: rename it",
    errno.EEXIST: "Something else is in its place: rename it",
    errno.ENOENT: "Put it back",
    errno.ELOOP: "It is a link to itself: put the file in its place",
    errno.ENXIO: "Something else is where a file must be: rename it",
    errno.EACCES: "Correct its owner and its permissions",
    errno.EPERM: "Correct its owner, its permissions and its attributes",
    errno.ENOSPC: "Free space",
    errno.EDQUOT: "Free space",
    errno.EROFS: "Make the disk writable",
    errno.EIO: "Look at the disk: it fails",
}


def about_a_file(error: Exception) -> bool:
    """Whether the system says it of a file: then it is the operator's to mend, and no fault of the program."""
    return isinstance(error, OSError) and error.filename is not None


def file_trouble(error: OSError, place: Path | None = None) -> str:
    """`FILE: what is wrong. What to do`, without a full stop at its end; only what is known of it.

    `place`: where it happened, for an error that names no file.
    """
    reported = error.strerror or str(error)
    where = place if error.filename is None else error.filename
    if where is None:
        return reported
    about = f"{os.fsdecode(where)}: {reported}"
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{about}. {remedy}" if remedy else about
