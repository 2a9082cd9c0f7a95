"""Real databases: SQLite in a folder, PostgreSQL as Debian packages it, one server a test process."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from postlude.store import Store, open_store
from support.query_plans import QueryPlans, is_allowed, watched
from support.state_template import sqlite_state

_BIN = Path("/usr/lib/postgresql/15/bin")
_ACCOUNT = "postgres"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of the unix socket of a fresh server. It has no TCP port and syncs nothing."""
    if not (_BIN / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    folder = Path(tempfile.mkdtemp(prefix="postlude-pg-", dir="/tmp"))  # a short path: sockets allow 107 bytes
    as_whom: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam(_ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_whom = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    data = folder / "data"
    user = ["-U", _ACCOUNT, "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*as_whom, str(_BIN / "initdb"), "-D", str(data), *user], check=True, capture_output=True, cwd="/")
    settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
    control = [*as_whom, str(_BIN / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    # Kept out of the pipes: the server would hold them open for as long as it lives.
    subprocess.run([*control, "-o", settings, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        yield str(folder)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)


def _address(server: str, name: str) -> str:
    return f"postgresql+psycopg://{_ACCOUNT}@/{name}?host={server}"


@contextmanager
def _created(server: str, name: str, template: str = "template1") -> Iterator[str]:
    """A database of a server for as long as it is needed; its address."""
    with psycopg.connect(host=server, user=_ACCOUNT, dbname="postgres", autocommit=True) as connection:
        # The files are copied instead of going through the log: no checkpoint per statement, and nothing is kept.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    yield _address(server, name)
    with psycopg.connect(host=server, user=_ACCOUNT, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _migrated(postgresql: str) -> Iterator[str]:
    """The name of a database that has all tables and is copied for every test."""
    name = "migrated"
    with _created(postgresql, name) as url:
        open_store(url).close()
        yield name


@pytest.fixture
def postgresql_url(postgresql: str, _migrated: str) -> Iterator[str]:
    """A database of its own with all its tables and no rows."""
    with _created(postgresql, f"t{uuid.uuid4().hex}", _migrated) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a state without rows: every test that asks runs on both engines."""
    if request.param == "sqlite":
        return sqlite_state(tmp_path)
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables, on both engines: for migrations alone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/state.sqlite"
        return
    with _created(request.getfixturevalue("postgresql"), f"t{uuid.uuid4().hex}") as url:
        yield url


@pytest.fixture
def store(state_url: str) -> Iterator[Store]:
    """An open store on either engine."""
    opened = open_store(state_url, lambda _make: bytes(32))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def _plans() -> Iterator[QueryPlans]:
    with watched() as plans:
        yield plans


@pytest.fixture(autouse=True)
def _no_whole_table_is_read(_plans: QueryPlans) -> Iterator[None]:
    """No statement reads a whole table that grows with every mailing, but those that are listed with their reason."""
    yield
    scans, _plans.scans = _plans.scans, {}
    assert not {text: tables for text, tables in scans.items() if not is_allowed(text)}
