import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from postlude.model.errors import InUseError, SettingError, StorageError
from postlude.store import engine, open_store, refused_files, sqlite_file


def test_a_wrong_address_names_the_right_ones() -> None:
    for url in ("mysql://localhost/x", "nonsense"):
        with pytest.raises(SettingError, match="sqlite://"):
            open_store(url)


def test_only_sqlite_is_a_file() -> None:
    assert sqlite_file("sqlite:////var/lib/state.sqlite") == Path("/var/lib/state.sqlite")
    assert sqlite_file("postgresql://localhost/state") is None


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="must exist and be writable"):
        open_store(f"sqlite:///{tmp_path}/none/state.sqlite")


def test_a_locked_file_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    url = f"sqlite:///{tmp_path}/state.sqlite"
    store = open_store(url)
    other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(InUseError, match="another process"):
        store.settings.put("a", 1)
    assert store.settings.get("a") is None
    other.execute("ROLLBACK")
    store.settings.put("a", 1)
    other.close()
    store.close()


def test_a_file_that_may_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    open_store(f"sqlite:///{path}").close()
    if os.geteuid() == 0:
        path.write_bytes(b"")
        pytest.skip("root may write everything")
    path.chmod(stat.S_IRUSR)
    with pytest.raises(StorageError, match="permissions"):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize("end", ["", "-wal"])
@pytest.mark.parametrize("what", ["a folder", "a link to itself"])
def test_which_of_its_files_cannot_be_opened_is_named(tmp_path: Path, end: str, what: str) -> None:
    path = tmp_path / "state.sqlite"
    open_store(f"sqlite:///{path}").close()
    refused = tmp_path / f"state.sqlite{end}"
    refused.unlink(missing_ok=True)
    if what == "a folder":
        refused.mkdir()
    else:
        refused.symlink_to(refused)
    with pytest.raises(StorageError, match=rf"{refused}: "):
        open_store(f"sqlite:///{path}").settings.put("a", 1)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").write_bytes(b"this is a text, not a database" * 100)
    with pytest.raises(StorageError, match="not a database"):
        open_store(f"sqlite:///{tmp_path}/state.sqlite")


def test_a_server_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="PostgreSQL runs"):
        open_store(f"postgresql://nobody@/none?host={tmp_path}")


def test_connections_that_are_all_in_use_are_nobodys_fault(tmp_path: Path) -> None:
    pool = create_engine(f"sqlite:///{tmp_path}/state.sqlite", pool_size=1, max_overflow=0, pool_timeout=0.05)
    database = engine.Database(pool)
    with database.read(), pytest.raises(InUseError, match="every connection"), database.read():
        raise AssertionError("a second connection of one")
    database.close()


def test_a_server_that_takes_no_changes_refuses_what_is_written_and_no_record(postgresql_url: str) -> None:
    """As after a failover, when the old primary becomes a standby."""
    store = open_store(postgresql_url)
    store.settings.put("a", 1)
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute(f"ALTER DATABASE {other.info.dbname} SET default_transaction_read_only = on")
    store.close()
    again = open_store(postgresql_url)
    assert again.settings.get("a") == 1
    with pytest.raises(StorageError, match="read-only"):
        again.settings.put("a", 2)
    again.close()


@pytest.mark.parametrize("change", ["ALTER TABLE settings RENAME TO away", "ALTER SCHEMA public RENAME TO away"])
def test_a_server_that_is_being_restored_refuses_and_is_no_fault_of_a_record(postgresql_url: str, change: str) -> None:
    store = open_store(postgresql_url)
    with psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute(change)
    with pytest.raises(StorageError, match="PostgreSQL"):
        store.settings.put("a", 1)
    store.close()


def test_looking_at_the_files_lets_go_of_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as mine:
        mine.execute("PRAGMA journal_mode=WAL")
        mine.execute("CREATE TABLE things (name TEXT)")
        mine.execute("BEGIN IMMEDIATE")
        assert refused_files(path) == {}
        other = f"import sqlite3; sqlite3.connect({str(path)!r}, timeout=0).execute('BEGIN IMMEDIATE')"
        done = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)
    assert "database is locked" in done.stderr
