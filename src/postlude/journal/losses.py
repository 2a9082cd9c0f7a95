"""What the disk refused, of all writers of one host: each writes it where the others can see it."""

from pathlib import Path
from typing import NamedTuple

from postlude.journal import folder as files
from postlude.journal import lost
from postlude.journal.registry import writers_in
from postlude.model.errors import StorageError


class Losses(NamedTuple):
    """One writer's."""

    lost: int
    """Records the disk refused since the writer was made."""
    since: int
    """When it began to refuse (microseconds since the epoch); 0 while it takes records."""


def losses(root: Path) -> dict[str, Losses]:
    """Of every writer under `root`, by its name; what cannot be read is left out."""
    found = {}
    try:
        names = writers_in(root)
    except StorageError:
        return {}
    for name in names:
        noted = lost.noted(root / name)
        try:
            mark = files.WriterMark(root / name, writable=False)
        except OSError:  # just being made, or out of reach
            if noted:
                found[name] = Losses(noted, 0)
            continue
        records, since = mark.losses()
        found[name] = Losses(records + noted, since)
        mark.close()
    return found
