from collections.abc import Callable
from pathlib import Path

import pytest

from postlude.kit.clock import SystemClock
from postlude.services.contacts.import_job import ImportOrder, claim_import, order_import, run_import
from postlude.store import Store
from postlude.store.jobs.rows import Job

CLOCK = SystemClock()
Write = Callable[..., ImportOrder]


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes a file and orders its import."""

    def write(text: str | bytes, name: str = "people.csv", encoding: str = "utf-8", **options: object) -> ImportOrder:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return ImportOrder(file=str(path), **options)  # type: ignore[arg-type]

    return write


def imported(store: Store, order: ImportOrder) -> Job:
    """Order it and do it."""
    job = claim_import(store, CLOCK, "test", order_import(store, CLOCK, order, "carol").id)
    assert job is not None
    return run_import(store, CLOCK, job).job
