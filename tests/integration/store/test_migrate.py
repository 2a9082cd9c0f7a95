from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import postlude.store
from postlude.model.errors import StorageError
from postlude.store import open_store
from postlude.store.columns import metadata
from postlude.store.engine import Database, connect
from postlude.store.migrate import HEAD, current, migrate

_ADDED = (("copies", "indeterminate"), ("messages", "purpose"), ("app_passwords", "purpose"))
_ADDED_LATER = (("suppressions", "left_at"), ("forgotten", "left_at"), ("unmatched", "address"))


def back_to(connection: Connection, version: str) -> None:
    """Take back what later migrations cannot make twice, and say that they have not run."""
    for index in ("ix_copies_indeterminate", "ix_unmatched_address"):
        connection.execute(text(f"DROP INDEX {index}"))
    for table, column in (*_ADDED, *_ADDED_LATER):
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
    connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


def test_the_migrations_make_exactly_the_schema(empty_url: str) -> None:
    open_store(empty_url).close()
    database = Database(connect(empty_url))
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": not database.sqlite}
        )
        differences = compare_metadata(context, metadata)
    database.close()
    assert differences == []


def test_head_names_the_newest_migration() -> None:
    script = ScriptDirectory(str(Path(postlude.store.__file__).parent / "migrations"))
    assert script.get_current_head() == HEAD


def test_a_current_database_is_left_alone(empty_url: str) -> None:
    database = Database(connect(empty_url))
    assert current(database) is None
    assert migrate(database)
    assert current(database) == HEAD
    assert not migrate(database)
    database.close()


def test_tables_of_a_newer_version_are_refused_with_the_remedy(empty_url: str) -> None:
    open_store(empty_url).close()
    database = Database(connect(empty_url))
    with database.write() as connection:
        back_to(connection, "9999")
    database.close()
    with pytest.raises(StorageError, match="newer Postlude"):
        open_store(empty_url)


def test_addresses_of_an_older_version_are_found_by_their_key(empty_url: str) -> None:
    database = Database(connect(empty_url))
    migrate(database)
    with database.write() as connection:
        back_to(connection, "0014_sender_rights")
        connection.execute(
            text("INSERT INTO suppressions (address, reason, at) VALUES (:address, 'complained', 1)"),
            {"address": "eve@exämple.com"},
        )
    database.close()
    store = open_store(empty_url)
    assert store.suppressions.get("eve@exämple.com") is not None
    store.close()


def test_a_row_that_was_written_under_the_key_stands(empty_url: str) -> None:
    database = Database(connect(empty_url))
    migrate(database)
    with database.write() as connection:
        back_to(connection, "0014_sender_rights")
        for address, reason in (("eve@exämple.com", "manual"), ("eve@xn--exmple-cua.com", "complained")):
            connection.execute(
                text("INSERT INTO suppressions (address, reason, at) VALUES (:address, :reason, 1)"),
                {"address": address, "reason": reason},
            )
    database.close()
    store = open_store(empty_url)
    found = store.suppressions.get("eve@exämple.com")
    assert found is not None
    assert found.reason == "complained"
    store.close()


def test_copies_of_an_older_version_become_indeterminate(state_url: str) -> None:
    database = Database(connect(state_url))
    migrate(database)
    known = {1: (0, "unsure"), 2: (0, "sent"), 3: (7, "unsure"), 4: (9, "unsure"), 5: (9, "queued")}
    with database.write() as connection:
        back_to(connection, "0015_addresses_in_a_labels")
        connection.execute(text("INSERT INTO outcomes (name, total) VALUES ('begun', 3), ('stored', 5)"))
        for copy, (campaign, status) in known.items():
            connection.execute(
                text(
                    "INSERT INTO copies (id, message, recipient, address, status, campaign) "
                    "VALUES (:copy, 1, 'eve@example.org', 'eve@example.org', :status, :campaign)"
                ),
                {"copy": copy, "status": status, "campaign": campaign},
            )
    database.close()
    with closing(open_store(state_url)) as store:
        now = [store.messages.copy(copy).status for copy in known]
        assert [status.value for status in now] == ["indeterminate", "sent", "indeterminate", "indeterminate", "queued"]
        assert store.digest.outcomes() == {"attempt_started": 3, "stored": 5}


def test_no_copies_are_no_hindrance(state_url: str) -> None:
    database = Database(connect(state_url))
    migrate(database)
    with database.write() as connection:
        back_to(connection, "0015_addresses_in_a_labels")
    assert migrate(database)
    database.close()


def test_only_a_campaigns_indeterminate_copies_are_read(tmp_path: Path) -> None:
    database = Database(connect(f"sqlite:///{tmp_path / 'state.db'}"))
    migrate(database)
    step = import_module("postlude.store.migrations.versions.0016_indeterminate")
    with database.engine.connect() as connection:
        plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {step._COPIES}")]
    database.close()
    assert [line for line in plan if "copies" in line], plan
    assert [line for line in plan if line.startswith("SCAN copies")] == [], plan


def test_what_an_older_version_tied_is_assigned(state_url: str) -> None:
    database = Database(connect(state_url))
    migrate(database)
    with database.write() as connection:
        back_to(connection, "0016_indeterminate")
        for number, state in enumerate(("open", "tied", "dismissed")):
            connection.execute(
                text(
                    "INSERT INTO unmatched (id, at, mail, reason, facts, state) "
                    "VALUES (:id, 1, 0, 'ambiguous', '{}', :state)"
                ),
                {"id": number, "state": state},
            )
    database.close()
    with closing(open_store(state_url)) as store:
        assert [store.feedback.unmatched(number).state for number in range(3)] == ["open", "assigned", "dismissed"]
