"""`postlude demo`: a living example in an empty instance, refused by any other, and taken away without a trace."""

import re
import shutil
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import MetaData, create_engine, func, select

from postlude.app.demo.fill import fill, remove_demo
from postlude.config import load
from servers.commands import run
from servers.postlude import Postlude
from servers.waiting import wait_for

END = 1_796_040_000_000_000
"""2026-11-30, in the afternoon."""
NOT_ITS_OWN = {
    "users",
    "settings",
    "alembic_version",
    "mailbox_domains",  # which provider a domain belongs to, the same in every instance
    "contact_words_config",  # of the search index: its version and an empty tree
    "contact_words_data",
}
"""Tables that hold something in an empty instance."""
TRACES = (b"alice.meyer", b"shop.example", b"winter catalogue", b"moss green", b"Okafor", b"press@example.org")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo. Tests that change it take a copy."""
    data = tmp_path_factory.mktemp("demo") / "data"
    fill(load({"POSTLUDE_DATA": str(data)}), seed=1, end=END)
    return data


@pytest.fixture
def copied(filled: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(filled, tmp_path / "data")
    return tmp_path / "data"


def events(data: Path) -> list[tuple[Any, ...]]:
    """Every event with the address it is about, without ids."""
    with closing(sqlite3.connect(data / "state.sqlite")) as state:
        who = dict(state.execute("SELECT id, recipient FROM copies"))
    with closing(duckdb.connect(str(data / "history.duckdb"), read_only=True)) as history:
        rows = history.execute("SELECT seen_at, kind, verdict, position, copy FROM events").fetchall()
    return sorted((at, kind, verdict, position, who.get(copy, "")) for at, kind, verdict, position, copy in rows)


def by_day(data: Path) -> list[tuple[Any, ...]]:
    return sorted((at // 86_400_000_000, *rest) for at, *rest in events(data))


def statuses(data: Path) -> dict[str, int]:
    """How many copies are in each status."""
    with closing(sqlite3.connect(data / "state.sqlite")) as state:
        return dict(state.execute("SELECT status, count(*) FROM copies GROUP BY status"))


def test_everything_that_can_happen_to_mail_happens(filled: Path) -> None:
    seen = {(kind, verdict) for _, kind, verdict, _, _ in events(filled)}
    assert seen >= {
        ("opened", "human"),
        ("opened", "human_proxied"),
        ("opened", "unknown"),  # Apple's proxy
        ("clicked", "human"),
        ("clicked", "machine"),
        ("replied", "human"),
        ("autoresponded", "machine"),
        ("bounced", "machine"),
        ("rejected", "machine"),
        ("complained", "human"),
        ("unsubscribed", "human"),
        ("unmatched", "machine"),
    }


def test_it_lasts_two_months_and_ends_now(filled: Path) -> None:
    times = [at for at, *_ in events(filled)]
    assert END - min(times) > 58 * 86_400_000_000
    assert 0 <= END - max(times) < 86_400_000_000


def test_the_test_of_variants_has_a_winner(filled: Path) -> None:
    report = run("campaigns", "report", "Wool or lamps?", "--json", settings={"data": filled}).json
    assert [one["name"] for one in report["variants"]] == ["A", "B"]
    assert sum(one["winner"] for one in report["variants"]) == 1
    assert report["all"]["clicked"] > 0


def test_contacts_have_lists_and_consent(filled: Path) -> None:
    rows = run("contacts", "export", settings={"data": filled}).out.splitlines()
    assert sum("Customers" in row and "given" in row for row in rows) > 100


def test_the_review_queue_holds_a_question(filled: Path) -> None:
    assert len(run("feedback", "unmatched", "--json", settings={"data": filled}).json["unmatched"]) == 1


def test_nothing_can_leave_the_machine_later_either(filled: Path) -> None:
    assert set(statuses(filled)) <= {"sent", "rejected", "suppressed"}
    with closing(sqlite3.connect(filled / "state.sqlite")) as state:
        domains = {row[0].rpartition("@")[2] for row in state.execute("SELECT recipient FROM copies")}
    assert domains <= {"example.com", "example.net", "example.org"}


def test_the_same_seed_gives_the_same_events(filled: Path, tmp_path: Path) -> None:
    """On the same days: which of a campaign's copies leaves first is left to the database."""
    again = tmp_path / "again"
    fill(load({"POSTLUDE_DATA": str(again)}), seed=1, end=END)
    assert by_day(again) == by_day(filled)


def test_it_goes_on_with_postlude_up(copied: Path, postlude: Callable[..., Postlude]) -> None:
    running = postlude(data=copied, edge_url="http://127.0.0.1:8701")
    assert running.timeline("alice.meyer@example.org") or running.timeline("alice.meyer@example.com")
    with urllib.request.urlopen(f"{running.web_url}/healthz", timeout=10) as answer:
        assert answer.status == 200
    mail = next((copied / "mailbox").glob("*.mail")).read_bytes().replace(b"=\r\n", b"").replace(b"=3D", b"=")
    pixel = re.search(rb'http://127\.0\.0\.1:8701(/i/[^"]+)"', mail)
    assert pixel
    before = len(events_of(running))
    urllib.request.urlopen(f"{running.edge_url}{pixel[1].decode()}", timeout=10).close()
    wait_for("the opening", lambda: len(events_of(running)) >= before)
    assert running.stop() == 0
    assert running.run("doctor").code == 0


def events_of(running: Postlude) -> list[Any]:
    return [each for one in running.timeline("alice.meyer@example.org").get("messages", []) for each in one["timeline"]]


def test_an_instance_with_a_contact_is_refused(tmp_path: Path) -> None:
    settings = {"data": tmp_path / "data"}
    assert run("contacts", "add", "somebody@example.org", settings=settings).code == 0
    refused = run("demo", settings=settings)
    assert refused.code == 2
    assert "1 contacts" in refused.err
    assert "POSTLUDE_DATA" in refused.err


def test_a_second_demo_is_refused(filled: Path) -> None:
    refused = run("demo", settings={"data": filled})
    assert refused.code == 2
    assert "demo --remove" in refused.err


def test_a_running_instance_is_refused(postlude: Callable[..., Postlude]) -> None:
    refused = postlude().run("demo")
    assert refused.code == 4
    assert "Stop that one" in refused.err


def test_an_instance_with_a_mail_server_is_refused(tmp_path: Path) -> None:
    refused = run("demo", settings={"data": tmp_path / "data", "smtp_host": "mx.example"})
    assert refused.code == 2
    assert "POSTLUDE_SMTP_HOST" in refused.err


def test_an_instance_that_was_only_started_takes_it(postlude: Callable[..., Postlude]) -> None:
    started = postlude()
    started.stop()
    assert started.run("demo").code == 0


@pytest.fixture
def removed(copied: Path) -> Path:
    """The folder after `demo --remove`."""
    done = run("demo", "--remove", "--json", settings={"data": copied})
    assert done.code == 0, done
    assert done.json["removed"]["contacts"] > 100
    return copied


def test_no_file_holds_anything_of_it_afterwards(removed: Path) -> None:
    found = [
        f"{path}: {trace!r}"
        for path in removed.rglob("*")
        if path.is_file()
        for trace in TRACES
        if trace in path.read_bytes()
    ]
    assert found == []


def test_the_traces_would_have_been_found(filled: Path) -> None:
    everything = b"".join(path.read_bytes() for path in filled.rglob("*") if path.is_file())
    assert [trace for trace in TRACES if trace not in everything] == []


def test_no_table_has_a_row_of_it_afterwards(removed: Path) -> None:
    assert rows(f"sqlite:///{removed}/state.sqlite") <= NOT_ITS_OWN


def test_an_emptied_instance_starts_without_a_word(removed: Path, postlude: Callable[..., Postlude]) -> None:
    running = postlude(data=removed)
    assert "ATTENTION" not in running.child.output()
    assert running.stop() == 0
    assert running.run("doctor").code == 0


def test_an_emptied_instance_takes_another_demo(removed: Path) -> None:
    assert run("demo", "--seed", "2", settings={"data": removed}, seconds=100).code == 0


def test_removing_twice_says_that_there_is_none(removed: Path) -> None:
    again = run("demo", "--remove", settings={"data": removed})
    assert again.code == 2
    assert "no demo" in again.err


def test_what_was_added_since_is_not_removed_silently(copied: Path) -> None:
    settings = {"data": copied}
    run("contacts", "add", "mine@example.org", settings=settings)
    refused = run("demo", "--remove", settings=settings)
    assert refused.code == 2
    assert "1 contacts came after" in refused.err
    assert run("demo", "--remove", "--anyway", settings=settings).code == 0


def test_nothing_is_removed_while_it_runs(copied: Path, postlude: Callable[..., Postlude]) -> None:
    running = postlude(data=copied)
    assert running.run("demo", "--remove").code == 4


def test_postgresql_is_filled_and_emptied_as_well(tmp_path: Path, postgresql_url: str) -> None:
    settings = load({"POSTLUDE_DATA": str(tmp_path / "data"), "POSTLUDE_STATE_URL": postgresql_url})
    assert fill(settings, seed=1, end=END)["contacts"] > 100
    remove_demo(settings, anyway=False)
    assert rows(postgresql_url) <= NOT_ITS_OWN


def rows(url: str) -> set[str]:
    """The tables that hold something."""
    engine, tables = create_engine(url), MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {
            table.name
            for table in tables.sorted_tables
            if connection.execute(select(func.count()).select_from(table)).scalar()
        }
    engine.dispose()
    return found
