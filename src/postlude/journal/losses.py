"""What the disk refused, of all writers of one host: each writes it where the others can see it."""

from pathlib import Path
from typing import NamedTuple

from postlude.journal import folder as files


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
        names = files.numbers_in(root)
    except (OSError, ValueError):
        return {}
    for name in names:
        try:
            mark = files.Mark(root / name, writable=False)
        except OSError:  # just being made
            continue
        found[name] = Losses(*mark.losses())
        mark.close()
    return found
