"""Having every writer go on in a new segment, so that earlier records can be deleted.

Who asks writes `roll` beside the journals: the newest segment of each, at that moment. Every writer that runs looks at
the file about once a second, and what has no writer is opened for a moment.
"""

import json
import logging
from contextlib import closing
from pathlib import Path
from typing import Final

from postlude.journal import folder as files
from postlude.journal.registry import writer_names
from postlude.journal.writer import REQUEST, JournalWriter
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.kit.regular_file import read_file
from postlude.model.errors import InUseError, StorageError

_MODE: Final = 0o640

_log = logging.getLogger(__name__)


def ask_to_roll(root: Path) -> None:
    """Ask every writer under `root`; those that run do it within some seconds. Raises StorageError."""
    newest = {name: segment for name in writer_names(root) if (segment := _newest(root, name))}
    try:
        replace_durably(root / REQUEST, json.dumps(newest).encode(), mode=_MODE)
    except OSError as error:
        raise StorageError(file_trouble(error, root / REQUEST)) from error
    roll_unheld(root)


def roll_unheld(root: Path) -> None:
    """Do it for those that have no writer at this moment."""
    for name in not_rolled(root):
        try:
            with closing(JournalWriter(root, name)) as writer:
                writer.roll()
        except (InUseError, StorageError):  # it is told where it is read
            continue


def not_rolled(root: Path) -> list[str]:
    """The journals that have not begun a new segment since they were asked last."""
    try:
        asked = json.loads(read_file(root / REQUEST))
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return []
    return sorted(name for name, segment in asked.items() if 0 < _newest(root, name) <= segment)


def _newest(root: Path, name: str) -> int:
    try:
        return max(files.segment_numbers(root / name), default=0)
    except FileNotFoundError:
        return 0
