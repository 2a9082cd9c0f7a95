"""The history, opened whatever became of its file: what is damaged is quarantined and made again from the journal."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from postlude.history import History, open_history
from postlude.kit.clock import Clock
from postlude.kit.files import rename_durably
from postlude.model.errors import DamagedError
from postlude.store import Incident, Store

LOG_SUFFIX: Final = ".wal"
"""Of the file beside a history that has its last changes."""
_log: Final = logging.getLogger("postlude.app")


def open_or_quarantine(path: Path, store: Store, clock: Clock) -> History:
    """Open the history. Raises StorageError and InUseError where another file would not help.

    The log of its last changes is quarantined alone where that is enough: then nothing older is missing.
    """
    log = path.with_name(path.name + LOG_SUFFIX)
    if not os.path.lexists(path):
        quarantine([log], clock)  # it belongs to a file that is gone
    try:
        return _opened(path)
    except DamagedError as error:
        first = error
    if log.exists():
        quarantined = quarantine([log], clock)
        try:
            history = _opened(path)
        except DamagedError:
            pass
        else:
            _tell(
                store,
                clock,
                f"{first} Its last changes are quarantined as {quarantined[0].name} and read again from the journal",
            )
            return history
    quarantined = quarantine([path, log], clock)
    _tell(
        store,
        clock,
        f"{first} It is quarantined as {quarantined[0].name}, and made again from what the journal still has: events "
        "that are older than the journal are missing until a backup of it is put in its place",
    )
    return open_history(path)


def _opened(path: Path) -> History:
    """Open it, and read its positions, which everything else needs."""
    history = open_history(path)
    try:
        history.positions()
        history.journal_labels()
        history.generation()
    except BaseException:
        history.close()
        raise
    return history


def quarantine(paths: Iterable[Path], clock: Clock) -> list[Path]:
    """Give what is there of these files names beside their own. Nothing is deleted."""
    moved = []
    for path in paths:
        if os.path.lexists(path):  # a link to itself as well
            moved.append(path.with_name(f"{path.name}.damaged-{clock.now()}"))
            rename_durably(path, moved[-1])
    return moved


def _tell(store: Store, clock: Clock, text: str) -> None:
    _log.error("%s", text)
    now = clock.now()
    store.integrity.add_incidents([Incident(f"history:{now}", now, "history", text)])
