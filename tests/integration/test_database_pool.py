"""A database that is lent again is what the template is."""

from collections.abc import Iterator

import psycopg
import pytest

from support.database_pool import DatabasePool


def connect(server: str, name: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(host=server, user="postgres", dbname=name, autocommit=True)


@pytest.fixture
def pool(postgresql: str, migrated_database: str) -> Iterator[DatabasePool]:
    pool = DatabasePool(lambda name: connect(postgresql, name), migrated_database)
    yield pool
    pool.close()


def used(pool: DatabasePool, server: str, *statements: str) -> str:
    """The name of a database in which this was done."""
    with pool.lent() as name, connect(server, name) as connection:
        for statement in statements:
            connection.execute(statement)
    return name


def content(pool: DatabasePool, server: str, statement: str) -> tuple[str, list[tuple[object, ...]]]:
    """The name of a database, and what it answers."""
    with pool.lent() as name, connect(server, name) as connection:
        return name, connection.execute(statement).fetchall()


CHOICE = "INSERT INTO tracking_choices (address, at, opens, clicks, evidence) VALUES ('a@b.test', {}, true, true, '')"


def test_rows_are_gone_and_numbers_begin_anew(pool: DatabasePool, postgresql: str) -> None:
    first = used(pool, postgresql, CHOICE.format(1), CHOICE.format(2))
    used(pool, postgresql, CHOICE.format(1))
    name, ids = content(
        pool, postgresql, "SELECT count(*), (SELECT is_called FROM tracking_choices_id_seq) FROM tracking_choices"
    )
    assert name == first
    assert ids == [(0, False)]


def test_numbers_of_rows_that_were_deleted_begin_anew(pool: DatabasePool, postgresql: str) -> None:
    used(pool, postgresql, CHOICE.format(1), "DELETE FROM tracking_choices")
    assert content(pool, postgresql, "SELECT is_called FROM tracking_choices_id_seq")[1] == [(False,)]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE jobs RENAME TO away",
        "ALTER TABLE jobs ADD COLUMN more integer",
        "CREATE TABLE more (id integer)",
        "CREATE INDEX more ON jobs (kind)",
        "DELETE FROM alembic_version",
        "UPDATE alembic_version SET version_num = '0001'",
        "ALTER TABLE copies DISABLE TRIGGER ALL",
        "ALTER SCHEMA public RENAME TO away",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$",
    ],
)
def test_other_tables_and_other_given_rows_do_not_come_back(pool: DatabasePool, postgresql: str, change: str) -> None:
    changed = used(pool, postgresql, change)
    with pool.lent() as name:
        assert name != changed


def test_a_transaction_that_was_left_open_holds_up_no_other(pool: DatabasePool, postgresql: str) -> None:
    with pool.lent() as name:
        left = connect(postgresql, name)
        left.autocommit = False
        left.execute(CHOICE.format(1))
    left.close()
    assert content(pool, postgresql, "SELECT count(*) FROM tracking_choices") == (name, [(0,)])


def test_two_at_once_are_two(pool: DatabasePool) -> None:
    with pool.lent() as one, pool.lent() as other:
        assert one != other
