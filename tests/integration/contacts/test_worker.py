"""The app's own imports: one after the other, stopped between batches, gone on with."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from postlude.kit import loop
from postlude.model.words import JobStatus
from postlude.services.contacts import import_job
from postlude.services.contacts.import_job import order_import
from postlude.store import Store
from postlude.worker.imports import Imports
from servers.waiting import wait_for

from .conftest import CLOCK, Write


def test_ordered_imports_are_done_and_a_bad_one_stops_no_other(
    store: Store, tmp_path: Path, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", 50)
    gone = written("email\nx@example.org\n", name="gone.csv")
    broken = order_import(store, CLOCK, gone)
    Path(gone.file).unlink()
    good = order_import(store, CLOCK, written("email\n" + "".join(f"p{n}@example.org\n" for n in range(200))))
    worker = Imports(store, CLOCK, tmp_path)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        wait_for("the import", lambda: store.jobs.get(good.id).status is JobStatus.DONE)
        assert store.jobs.get(broken.id).status is JobStatus.FAILED
        assert "gone.csv" in store.jobs.get(broken.id).error
        later = order_import(store, CLOCK, written("email\nlate@example.org\n", name="late.csv"))
        worker.wake()
        wait_for("the next", lambda: store.jobs.get(later.id).status is JobStatus.DONE, seconds=5)
    finally:
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()
    assert not list(tmp_path.glob("*.csv"))  # what was uploaded is people's data: it goes when its import is over
    assert store.contacts.count() == 201


def test_stopping_leaves_the_rest_to_the_next_start(
    store: Store, tmp_path: Path, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_job, "BATCH_ROWS", 10)
    job = order_import(store, CLOCK, written("email\n" + "".join(f"p{n}@example.org\n" for n in range(100))))
    first = Imports(store, CLOCK, tmp_path)
    beat_of = import_job._beat_of

    def stop_at_the_first_beat(*arguments: Any) -> Any:
        first.stop()
        return beat_of(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(import_job, "_beat_of", stop_at_the_first_beat)
        first.run()
    assert store.jobs.get(job.id).status == JobStatus.WAITING
    assert store.contacts.count() == 10
    second = Imports(store, CLOCK, tmp_path)
    thread = threading.Thread(target=second.run)
    thread.start()
    wait_for("the rest", lambda: store.jobs.get(job.id).status is JobStatus.DONE)
    second.stop()
    thread.join(10)
    assert store.jobs.get(job.id).counts == {"added": 100, "rows": 100}


def test_uploads_nobody_ordered_go_after_a_day(store: Store, tmp_path: Path, written: Write) -> None:
    old, tried = (Path(written("email\n", name=name).file) for name in ("old.csv", "fresh.csv"))
    os.utime(old, (1, 1))
    failed = order_import(store, CLOCK, written("email\nx@example.org\n", name="failed.csv"), owner="dead")
    store.jobs.finish(failed.id, "dead", JobStatus.FAILED, 1, "the disk was full")
    os.utime(tmp_path / "failed.csv", (1, 1))
    worker = Imports(store, CLOCK, tmp_path)
    thread = threading.Thread(target=worker.run)
    thread.start()
    wait_for("the old one to go", lambda: not old.exists())
    worker.stop()
    thread.join(10)
    assert sorted(path.name for path in tmp_path.glob("*.csv")) == ["failed.csv", tried.name]  # it can be gone on with


def test_a_database_that_fails_at_the_start_does_not_end_imports(
    store: Store, state_url: str, tmp_path: Path, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop.Pauses, "next", lambda _self: 0.02)
    job = order_import(store, CLOCK, written("email\nx@example.org\n"))
    worker = Imports(store, CLOCK, tmp_path)
    rename(state_url, "jobs", "away")
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        wait_for("the problem", lambda: worker.problem.startswith("imports wait: "))
        rename(state_url, "away", "jobs")
        wait_for("the import", lambda: store.jobs.get(job.id).status is JobStatus.DONE)
    finally:
        worker.stop()
        thread.join(10)


def rename(state_url: str, table: str, name: str) -> None:
    engine = create_engine(state_url)
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
    engine.dispose()
