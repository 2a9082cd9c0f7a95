"""Limit of open files and connections of this process."""

import resource
from typing import Final

RESERVED: Final = 128
"""Descriptors reserved for files, databases and the log; listeners share the rest."""


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one and return it: systemd and shells start with 1,024."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def connections_below(wanted: int, *, listeners: int = 1) -> int:
    """At most `wanted` connections for each of `listeners` in this process, fewer where descriptors are few.

    A connection costs one descriptor; a quarter of the rest stays free for what the connections themselves open.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, (soft - min(RESERVED, soft // 2)) * 3 // 4 // listeners))
