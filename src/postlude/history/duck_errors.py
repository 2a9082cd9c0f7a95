"""What DuckDB's errors mean: another process has the file, the file is damaged, or the disk refused."""

from pathlib import Path
from typing import Final

import duckdb

from postlude.model.errors import DamagedError, InUseError, StorageError

_DAMAGE: Final = (
    "corrupt",
    "checksum",
    "not a valid duckdb",
    "could not read enough bytes",
    "replaying wal",
    "malformed",
    "deserializ",
)
_NO_DAMAGE: Final = ("no space left", "permission denied", "read-only", "could not set lock", "too large")
DISK_TROUBLE: Final = (
    duckdb.IOException,
    duckdb.InternalException,
    duckdb.OutOfMemoryException,
    duckdb.FatalException,
    duckdb.SerializationException,
)
"""Errors about the file and the room for it; others are faults of a query, or damage by their text."""


def history_error(path: Path, error: duckdb.Error) -> StorageError | InUseError:
    """What to tell the operator of an error about the history at `path`."""
    text = str(error).partition("\n")[0]
    if "could not set lock" in text.lower() or "conflicting lock" in text.lower():
        return InUseError(
            f"history {path}: another process has it open. Stop that one (another `postlude up`, "
            "a DuckDB shell), then start again."
        )
    if is_damage(error):
        return DamagedError(f"history {path}: {text}. A part of it cannot be read: run `postlude doctor`.")
    return StorageError(
        f"history {path}: {text}. Free space, or make the data folder writable: Postlude goes on by itself"
    )


def is_damage(error: duckdb.Error) -> bool:
    """Whether the file's content is at fault. DuckDB has no class for it."""
    text = str(error).lower()
    return any(word in text for word in _DAMAGE) and not any(word in text for word in _NO_DAMAGE)
