"""The app's own imports: one after the other, stopped between batches, gone on with."""

import threading
from pathlib import Path
from typing import Any

import pytest

from postlude.model.words import JobStatus
from postlude.services import import_contacts
from postlude.services.import_contacts import order_import
from postlude.store import Store
from postlude.worker.imports import Imports
from servers.waiting import wait_for

from .conftest import CLOCK, Write


def test_ordered_imports_are_done_and_a_bad_one_stops_no_other(
    store: Store, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_contacts, "BATCH_ROWS", 50)
    gone = written("email\nx@example.org\n", name="gone.csv")
    broken = order_import(store, CLOCK, gone)
    Path(gone.file).unlink()
    good = order_import(store, CLOCK, written("email\n" + "".join(f"p{n}@example.org\n" for n in range(200))))
    worker = Imports(store, CLOCK)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        wait_for("the import", lambda: store.job(good.id).status is JobStatus.DONE)
        assert store.job(broken.id).status is JobStatus.FAILED
        assert "gone.csv" in store.job(broken.id).error
        later = order_import(store, CLOCK, written("email\nlate@example.org\n", name="late.csv"))
        worker.wake()
        wait_for("the next", lambda: store.job(later.id).status is JobStatus.DONE, seconds=5)
    finally:
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()
    assert store.count_contacts() == 201


def test_stopping_leaves_the_rest_to_the_next_start(
    store: Store, written: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_contacts, "BATCH_ROWS", 10)
    job = order_import(store, CLOCK, written("email\n" + "".join(f"p{n}@example.org\n" for n in range(100))))
    first = Imports(store, CLOCK)
    beat_of = import_contacts._beat_of

    def stop_at_the_first_beat(*arguments: Any) -> Any:  # noqa: ANN401 - as the function it stands before
        first.stop()
        return beat_of(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(import_contacts, "_beat_of", stop_at_the_first_beat)
        first.run()
    assert (store.job(job.id).status, store.count_contacts()) == (JobStatus.WAITING, 10)
    second = Imports(store, CLOCK)
    thread = threading.Thread(target=second.run)
    thread.start()
    wait_for("the rest", lambda: store.job(job.id).status is JobStatus.DONE)
    second.stop()
    thread.join(10)
    assert store.job(job.id).counts == {"added": 100, "rows": 100}
