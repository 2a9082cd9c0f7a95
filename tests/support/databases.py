"""PostgreSQL as Debian packages it, one server a test process: fixtures for the folders that ask for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from postlude.store import open_store
from servers.postgresql import Postgresql
from support.database_pool import DatabasePool

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
def created_database(server: str, name: str, template: str = "template1") -> Iterator[str]:
    """A database of a server for as long as it is needed; its address."""
    with psycopg.connect(host=server, user=_ACCOUNT, dbname="postgres", autocommit=True) as connection:
        # The files are copied instead of going through the log: no checkpoint per statement, and nothing is kept.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
    yield _address(server, name)
    with psycopg.connect(host=server, user=_ACCOUNT, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_database(postgresql: str) -> Iterator[str]:
    """The name of a database that has all tables and is copied."""
    name = "migrated"
    with created_database(postgresql, name) as url:
        open_store(url).close()
        yield name


@pytest.fixture(scope="session")
def database_pool(postgresql: str, migrated_database: str) -> Iterator[DatabasePool]:
    """Copies of the migrated database."""

    def connect(name: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=postgresql, user=_ACCOUNT, dbname=name, autocommit=True)

    pool = DatabasePool(connect, migrated_database)
    yield pool
    pool.close()


@pytest.fixture
def postgresql_url(postgresql: str, database_pool: DatabasePool) -> Iterator[str]:
    """A database of its own with all its tables and no rows."""
    with database_pool.lent() as name:
        yield _address(postgresql, name)
