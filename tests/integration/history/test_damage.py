"""A history that cannot be read: said in words that help, quarantined, and made again."""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from postlude.history import open_history
from postlude.kit.clock import SystemClock
from postlude.model.errors import DamagedError
from postlude.services.integrity.quarantine import open_or_quarantine
from postlude.services.integrity.sending_pause import problems
from postlude.store import open_store
from support.state_template import sqlite_state

_WRITE = """
import os, sys
from postlude.history import open_history
from postlude.model.event import Event
from postlude.model.words import EventKind
history = open_history(sys.argv[1])
history.append([Event(n, EventKind.OPENED, n, 1, n) for n in range(1, 50_000)], {1: (1, 100)})
history.close()
history = open_history(sys.argv[1])
history.append([Event(50_000, EventKind.OPENED, 9, 1, 2)], {1: (1, 200)})
os._exit(0)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history with one batch in its file and one in its log, as a kill leaves them."""
    path = tmp_path_factory.mktemp("killed") / "history.duckdb"
    subprocess.run([sys.executable, "-c", _WRITE, path], check=True)
    return path


@pytest.fixture
def path(tmp_path: Path, killed: Path) -> Path:
    for file in killed.parent.iterdir():
        shutil.copy(file, tmp_path)
    return tmp_path / killed.name


def _spoil(path: Path, at: float, size: int = 4096) -> None:
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * at))
        file.write(os.urandom(size))


def _total_after_start(path: Path) -> tuple[int, list[str]]:
    with (
        closing(open_store(sqlite_state(path.parent))) as store,
        closing(open_or_quarantine(path, store, SystemClock())) as history,
    ):
        return history.total(), problems(store)


def test_a_whole_one_is_opened_and_nothing_is_told(path: Path) -> None:
    assert _total_after_start(path) == (50_000, [])


@pytest.mark.parametrize("how", ["header", "truncated", "empty", "garbage"])
def test_a_file_that_cannot_be_opened_is_quarantined_and_told(path: Path, how: str) -> None:
    match how:
        case "header":
            _spoil(path, 0)
        case "truncated":
            os.truncate(path, 6000)
        case "empty":
            os.truncate(path, 0)
        case _:
            path.write_bytes(os.urandom(10_000))
    total, told = _total_after_start(path)
    assert total == 0
    assert len(told) == 1
    assert "quarantined as history.duckdb.damaged-" in told[0]
    assert list(path.parent.glob("history.duckdb.damaged-*"))


def test_a_damaged_log_costs_only_the_log(path: Path) -> None:
    log = path.with_name("history.duckdb.wal")
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    total, told = _total_after_start(path)
    assert total == 49_999
    assert "read again from the journal" in told[0]


def test_a_log_whose_file_is_gone_belongs_to_nothing(path: Path) -> None:
    path.unlink()
    assert _total_after_start(path)[0] == 0


def test_damage_inside_is_found_by_reading_everything(path: Path) -> None:
    with closing(open_history(path)):
        pass  # the log is in the file now
    _spoil(path, 0.3, 900_000)  # every block of events
    with closing(open_history(path, read_only=True)) as history:
        assert "cannot be read" in history.damage()


def test_a_damaged_block_is_named_as_such(path: Path) -> None:
    _spoil(path, 0)
    with pytest.raises(DamagedError, match="postlude doctor"):
        open_history(path)
