"""Files as memory: what the disk cannot read is an error here, and not the end of the process (SIGBUS)."""

import errno
import mmap
import os
from typing import Final

_POPULATE_READ: Final = 22  # MADV_POPULATE_READ of Linux 5.14; the module has no name for it
_UNKNOWN: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP})
_BROKEN: Final = frozenset({errno.EFAULT, errno.EIO, getattr(errno, "EHWPOISON", errno.EIO)})


def map_file(fd: int, size: int, start: int = 0) -> mmap.mmap:
    """The first `size` bytes, not none, to be read. OSError (EIO) when the disk cannot read one of them now.

    Only the first page and all from `start` on are looked at.
    """
    mapped = mmap.mmap(fd, size, access=mmap.ACCESS_READ)
    try:
        check_mapped(mapped, 0, 1)
        if start < size:
            check_mapped(mapped, start, size - start)
    except OSError:
        mapped.close()
        raise
    return mapped


def check_mapped(mapped: mmap.mmap, start: int, length: int) -> None:
    """OSError (EIO) when the disk cannot read a page of these bytes; on systems that do not say it, nothing."""
    page = start // mmap.PAGESIZE * mmap.PAGESIZE
    try:
        mapped.madvise(_POPULATE_READ, page, start + length - page)
    except OSError as error:
        if error.errno in _BROKEN:
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
        if error.errno not in _UNKNOWN:
            raise


def read_what_can_be(fd: int, size: int) -> bytes:
    """The first `size` bytes, with zeros in place of the pages that the disk cannot read."""
    found = bytearray(size)
    for at in range(0, size, mmap.PAGESIZE):
        try:
            page = os.pread(fd, min(mmap.PAGESIZE, size - at), at)
        except OSError as error:
            if error.errno not in _BROKEN:
                raise
            continue
        found[at : at + len(page)] = page
    return bytes(found)
