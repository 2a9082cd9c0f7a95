"""What a writer's journal may take."""

from pathlib import Path
from typing import Final

from postlude.journal.folder import folder_bytes

DEFAULT_MAX_BYTES: Final = 8 << 30  # at 150 bytes per hit: 57 million hits, unread or kept


def size_alarm(name: str, size: int, limit: int) -> str:
    """A sentence for people once a writer's journal takes more than 80 % of what it may."""
    if size * 5 <= limit * 4:
        return ""
    return (
        f"the journal of {name} takes {size / (1 << 30):.1f} of at most {limit / (1 << 30):.1f} GiB: beyond it hits "
        "are lost. Mend what keeps the digest from reading it, or raise POSTLUDE_JOURNAL_MAX_BYTES"
    )


def journal_alarms(root: Path, limit: int) -> list[str]:
    """One sentence for every journal below `root` that is nearly full; a few `stat` calls."""
    folders = [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    alarms = (size_alarm(path.name, folder_bytes(path), limit) for path in sorted(folders))
    return [alarm for alarm in alarms if alarm]


def full_disk_alarm(name: str, size: int) -> str:
    """A sentence for the operator while the disk is full and the spare segment is in use."""
    return (
        f"the disk is full: {name} writes into the {size / (1 << 20):.0f} MiB kept for that. Free space before they "
        "are used up: then hits are lost"
    )


STALLED_S: Final = 5.0
"""A disk that takes longer for one write does not answer."""


def stalled_alarm(name: str, seconds: float) -> str:
    """A sentence for people while the disk neither takes nor refuses."""
    return (
        f"the disk has not answered {name} for {seconds:.0f} s: hits are answered and may be lost, mail is not taken. "
        "Look at the disk and its file system"
    )
