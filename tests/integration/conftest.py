"""Real databases: SQLite in a folder, PostgreSQL as Debian packages it, one server a test process."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from postlude.store import Store, open_store
from servers.postgresql import Postgresql
from support.query_plans import QueryPlans, is_allowed, watched
from support.state_template import sqlite_state

_ACCOUNT = "postgres"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder of the unix socket of a fresh server."""
    if not Postgresql.installed():
        pytest.skip("PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    server = Postgresql()
    server.start()
    try:
        yield str(server.folder)
    finally:
        server.close()


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
