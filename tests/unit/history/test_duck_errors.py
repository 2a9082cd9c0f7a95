from pathlib import Path

import duckdb
import pytest

from postlude.history.duck_errors import history_error, is_damage
from postlude.model.errors import DamagedError, InUseError, StorageError

PATH = Path("history.duckdb")


@pytest.mark.parametrize(
    ("text", "meaning", "remedy"),
    [
        ("IO Error: Could not set lock on file", InUseError, "Stop that one"),
        ("IO Error: Conflicting lock is held in postlude (PID 7)", InUseError, "Stop that one"),
        ("IO Error: Corrupt database file: computed checksum 1 does not match 2", DamagedError, "postlude doctor"),
        ("IO Error: Could not read enough bytes from file", DamagedError, "postlude doctor"),
        ("IO Error: The file is not a valid DuckDB database file!", DamagedError, "postlude doctor"),
        ("Out of Memory Error: could not allocate block", StorageError, "Free space"),
        ("IO Error: Could not write file: No space left on device", StorageError, "Free space"),
        ("INTERNAL Error: Failure while replaying WAL: No space left on device", StorageError, "Free space"),
    ],
)
def test_an_error_is_told_with_its_remedy(text: str, meaning: type[StorageError], remedy: str) -> None:
    error = history_error(PATH, duckdb.IOException(text))
    assert type(error) is meaning
    assert remedy in str(error)
    assert str(error).startswith("history history.duckdb: ")


def test_only_the_first_line_is_told() -> None:
    assert "Stack" not in str(history_error(PATH, duckdb.IOException("disk\nStack Trace")))


def test_a_fault_of_a_query_is_no_damage() -> None:
    assert not is_damage(duckdb.BinderException('Referenced column "x" not found'))
