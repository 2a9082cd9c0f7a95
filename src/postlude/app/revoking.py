"""Withdrawn tracking and changed links, on their way from the state to the edges."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from postlude.app.folder import DataFolder
from postlude.edge.revoked import write_revoked
from postlude.services.tracking_choices import Revoker
from postlude.store import Store


def build_revoker(data: Path, store: Store) -> Revoker:
    """Return what keeps the data folder's revocation file equal to the state."""
    path = DataFolder(data).revoked
    return Revoker(store, partial(write_revoked, path), partial(_exclusive, path.with_name(f"{path.name}.lock")))


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Who reads the state later writes the file later, whichever process it is."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
