"""A disk that fills up: what the history refuses is refused as a whole, and nothing is taken for a bad record."""

from contextlib import closing
from pathlib import Path

import pytest

from postlude.history import open_history
from postlude.history.duck import DuckHistory
from postlude.model.errors import StorageError
from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.words import EventKind
from servers.disk import fill, mounted

CYCLES = 6
BATCH = 3000


def events(first: int) -> list[Event]:
    """Of no shape that compresses well."""
    return [
        Event(id=n + 1, kind=EventKind.OPENED, at=n * 1_000_003 % (1 << 50), message=n * 7919, copy=n * 104_729 + 1)
        for n in range(first, first + BATCH)
    ]


def test_filled_and_freed_again_and_again(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "48m") as folder:
        history = open_history(folder / "history.duckdb")
        taken = refused = 0
        for _ in range(CYCLES):
            ballast = fill(folder)
            for _ in range(20):
                try:
                    history.append(events(taken), {1: JournalPosition(0, taken + BATCH)})
                except StorageError:  # any other error is taken for a fault of the records
                    refused += 1
                    break
                taken += BATCH
            ballast.unlink()
            history.append(events(taken), {1: JournalPosition(0, taken + BATCH)})
            taken += BATCH
        assert refused, "the disk was never full"
        assert history.positions() == {1: (0, taken)}
        ids = [event.id for event in history.since(0, [EventKind.OPENED], limit=10_000_000)]
        assert sorted(ids) == list(range(1, taken + 1))
        history.close()


def test_a_rewriting_that_finds_no_room_is_done_once_there_is_some(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "48m") as folder:
        history = open_history(folder / "history.duckdb")
        for first in range(0, 10 * BATCH, BATCH):
            history.append(events(first), {})
        ballast = fill(folder)
        for _ in range(2):  # also when it is tried again before anything was freed
            with pytest.raises(StorageError):
                history.leave_no_remains()
        assert history.total() == 10 * BATCH
        ballast.unlink()
        history.append(events(10 * BATCH), {})
        history.leave_no_remains()
        assert history.total() == 11 * BATCH
        assert sorted(path.name for path in folder.iterdir()) == ["history.duckdb"]
        history.close()


def test_order_waits_while_it_is_held_also_after_the_file_was_opened_again(tmp_path: Path) -> None:
    with closing(open_history(tmp_path / "history.duckdb")) as history:
        assert isinstance(history, DuckHistory)
        found = []
        for hold in (True, False):
            history.hold_order(hold=hold)
            history.append(events(0), {})
            history.leave_no_remains()
            found += history._query("SELECT current_setting('max_vacuum_tasks')")
    assert found == [(0,), (1,)]
