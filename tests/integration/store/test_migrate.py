import json
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import postlude.store
from postlude.model.errors import StorageError
from postlude.segments import render
from postlude.store import open_store
from postlude.store.columns import metadata
from postlude.store.engine import Database, engine_of
from postlude.store.migrate import HEAD, current, migrate


def test_the_migrations_make_exactly_the_schema(empty_url: str) -> None:
    open_store(empty_url).close()
    database = Database(engine_of(empty_url))
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": not database.sqlite,
                "include_name": lambda name, _kind, _parents: not _is_of_search(name or ""),
            },
        )
        differences = compare_metadata(context, metadata)
    database.close()
    assert differences == []


def _is_of_search(name: str) -> bool:
    """What each engine searches contacts with is its own: an FTS5 table in SQLite, trigram indexes in PostgreSQL."""
    return name.startswith("contact_words") or name.endswith("_trigram")


def test_head_names_the_newest_migration() -> None:
    script = ScriptDirectory(str(Path(postlude.store.__file__).parent / "migrations"))
    assert script.get_current_head() == HEAD


def test_a_current_database_is_left_alone(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    assert current(database) is None
    assert migrate(database)
    assert current(database) == HEAD
    assert not migrate(database)
    database.close()


def test_tables_of_a_newer_version_are_refused_with_the_remedy(empty_url: str) -> None:
    open_store(empty_url).close()
    database = Database(engine_of(empty_url))
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(StorageError, match="newer Postlude"):
        open_store(empty_url)


def test_addresses_of_an_older_version_are_found_by_their_key(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0014_sender_rights")
    with database.write() as connection:
        connection.execute(
            text("INSERT INTO suppressions (address, reason, at) VALUES (:address, 'complained', 1)"),
            {"address": "eve@exämple.com"},
        )
    database.close()
    store = open_store(empty_url)
    assert store.suppressions.get("eve@exämple.com") is not None
    store.close()


def test_a_row_that_was_written_under_the_key_stands(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0014_sender_rights")
    with database.write() as connection:
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


def test_copies_of_an_older_version_become_indeterminate(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0015_addresses_in_a_labels")
    known = {1: (0, "unsure"), 2: (0, "sent"), 3: (7, "unsure"), 4: (9, "unsure"), 5: (9, "queued")}
    with database.write() as connection:
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
    with closing(open_store(empty_url)) as store:
        now = [store.messages.copy(copy).status for copy in known]
        assert [status.value for status in now] == ["indeterminate", "sent", "indeterminate", "indeterminate", "queued"]
        assert store.digest.outcomes() == {"attempt_started": 3, "stored": 5}


def test_no_copies_are_no_hindrance(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0015_addresses_in_a_labels")
    assert migrate(database)
    database.close()


def test_only_a_campaigns_indeterminate_copies_are_read(tmp_path: Path) -> None:
    database = Database(engine_of(f"sqlite:///{tmp_path / 'state.db'}"))
    migrate(database)
    step = import_module("postlude.store.migrations.versions.0016_indeterminate")
    with database.engine.connect() as connection:
        plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {step._COPIES}")]
    database.close()
    assert [line for line in plan if "copies" in line], plan
    assert [line for line in plan if line.startswith("SCAN copies")] == [], plan


def test_what_an_older_version_tied_is_assigned(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0016_indeterminate")
    with database.write() as connection:
        for number, state in enumerate(("open", "tied", "dismissed")):
            connection.execute(
                text(
                    "INSERT INTO unmatched (id, at, mail, reason, facts, state) "
                    "VALUES (:id, 1, 0, 'ambiguous', '{}', :state)"
                ),
                {"id": number, "state": state},
            )
    database.close()
    with closing(open_store(empty_url)) as store:
        assert [store.feedback.unmatched(number).state for number in range(3)] == ["open", "assigned", "dismissed"]


def test_conditions_of_an_older_version_are_a_segment(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0019_indeterminate_decided")
    audience = {
        "everyone": True,
        "fields": [{"name": "City", "value": "Bonn"}],
        "conditions": [
            {"did": "sent", "messages": [70]},
            {"did": "opened", "negate": True, "messages": [70, 71]},
            {"did": "clicked", "since": 1_700_000_000_000_000},
        ],
    }
    with database.write() as connection:
        for campaign, given in ((5, audience), (6, {"everyone": True})):
            connection.execute(
                text(
                    'INSERT INTO campaigns (id, "user", name, status, audience, options, created_at, taken_in) '
                    "VALUES (:id, 1, 'x', 'draft', :audience, '{}', 1, :no)"
                ),
                {"id": campaign, "audience": json.dumps(given), "no": False},
            )
        for message in (70, 71):
            row = {"message": message, "name": str(message)}
            connection.execute(
                text("INSERT INTO campaign_variants (campaign, name, message) VALUES (5, :name, :message)"), row
            )
    database.close()
    with closing(open_store(empty_url)) as store:
        segment = store.campaigns.get(5).audience.segment
        assert segment is not None
        assert render(segment) == (
            "field('City') = 'Bonn' and sent(campaign=#0000000000000005) and not opened(campaign=#0000000000000005) "
            "and clicked(since='2023-11-14T22:13:20+00:00')"
        )
        assert store.campaigns.get(6).audience.segment is None


def test_hours_of_an_older_version_are_the_first_the_last_and_the_sum(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0022_notices")
    hour = 3_600_000_000
    with database.write() as connection:
        for copy, opens, last in ((1, 4, 9 * hour), (2, 1, 2 * hour), (3, 2, 2 * hour)):
            row = {"copy": copy, "opens": opens, "first": 2 * hour, "last": last}
            connection.execute(
                text(
                    "INSERT INTO copy_activity (copy, message, opens, first_open_at, last_open_at, delivered_how) "
                    "VALUES (:copy, 1, :opens, :first, :last, '')"
                ),
                row,
            )
    assert migrate(database)
    with database.read() as connection:
        query = text(
            "SELECT copy, hour, position, opens, clicks FROM copy_hours WHERE copy IN (1, 2, 3) ORDER BY copy, hour"
        )
        found = [tuple(row) for row in connection.execute(query)]
    database.close()
    assert found == [(1, 2, -1, 3, 0), (1, 9, -1, 1, 0), (2, 2, -1, 1, 0), (3, 2, -1, 2, 0)]


def test_copies_of_an_older_version_are_counted(empty_url: str) -> None:
    database = Database(engine_of(empty_url))
    migrate(database, "0023_copy_hours")
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO copies (id, message, recipient, address, status) VALUES "
                "(1, 7, 'a@gmail.com', 'a@gmail.com', 'sent'), (2, 7, 'b@b.c', 'b@b.c', 'rejected')"
            )
        )
        connection.execute(text("INSERT INTO copy_activity (copy, message, opens) VALUES (1, 7, 2)"))
    database.close()
    store = open_store(empty_url)
    assert {tuple(one) for one in store.copy_states.of_messages([7])} == {(7, "Gmail", 129, 1), (7, "", 2, 1)}
    store.close()
