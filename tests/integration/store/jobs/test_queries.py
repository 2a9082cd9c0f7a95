import pytest

from postlude.model.errors import NotFoundError
from postlude.model.words import JobStatus
from postlude.store import Store
from postlude.store.jobs.queries import add_errors
from postlude.store.jobs.rows import Beat, JobError


def test_one_claimer_gets_a_job_and_beats_carry_wishes(store: Store) -> None:
    job = store.jobs.add("import", "people.csv", 1, {"file": "x"}, unit="rows")
    assert store.jobs.claim("a", 2, 0, kind="other") is None
    mine = store.jobs.claim("a", 2, 0, kind="import")
    assert mine is not None
    assert mine.id == job.id
    assert mine.status == JobStatus.RUNNING
    assert mine.owner == "a"
    assert mine.options == {"file": "x"}
    assert store.jobs.claim("b", 3, 0, kind="import") is None
    assert store.jobs.beat(Beat(job=job.id, at=4, done=10, counts={"added": 9}, position={"row": 10}), "a") == ""
    assert store.jobs.ask(job.id, "pause", 5)
    assert store.jobs.beat(Beat(job=job.id, at=5, done=20, total=100), "a") == "pause"
    now = store.jobs.get(job.id)
    assert now.done == 20
    assert now.total == 100
    assert now.position == {"row": 10}
    assert now.counts == {}
    assert store.jobs.finish(job.id, "a", JobStatus.PAUSED, 6)
    assert store.jobs.claim("b", 7, 0, kind="import") is None  # paused: only who asks for this one
    assert store.jobs.resume(job.id)
    assert not store.jobs.resume(job.id)
    again = store.jobs.claim("b", 8, 0, kind="import")
    assert again is not None
    assert again.started_at == 2


def test_a_job_whose_process_died_is_taken_over(store: Store) -> None:
    job = store.jobs.add("import", "people.csv", 1, {})
    store.jobs.claim("dead", 10, 0, job=job.id)
    assert store.jobs.claim("b", 20, 10, job=job.id) is None
    assert store.jobs.claim("b", 20, 11, job=job.id) is not None
    assert store.jobs.beat(Beat(job=job.id, at=21, done=1), "dead") == "lost"
    assert not store.jobs.finish(job.id, "dead", JobStatus.DONE, 22)
    assert store.jobs.finish(job.id, "b", JobStatus.FAILED, 23, "the disk is full")
    assert store.jobs.get(job.id).error == "the disk is full"
    assert store.jobs.claim("c", 24, 0, job=job.id) is not None


def test_what_nobody_works_at_is_cancelled_at_once(store: Store) -> None:
    job = store.jobs.add("import", "people.csv", 1, {})
    assert store.jobs.ask(job.id, "cancel", 2)
    assert store.jobs.get(job.id).status is JobStatus.CANCELLED
    assert not store.jobs.ask(job.id, "cancel", 3)
    with pytest.raises(NotFoundError):
        store.jobs.get(5)


def test_errors_come_back_in_the_order_of_the_file(store: Store) -> None:
    job = store.jobs.add("import", "people.csv", 1, {})
    with store._database.write() as connection:
        add_errors(
            connection, job.id, [JobError(line=n, value=f"v\0{n}", reason="no address") for n in range(6000, 0, -1)]
        )
        add_errors(connection, job.id, [JobError(line=3, number=1, reason="two", remedy="one")])
    found = list(store.jobs.errors(job.id))
    assert len(found) == 6001
    assert [(one.line, one.number) for one in found[2:5]] == [(3, 0), (3, 1), (4, 0)]
    store.jobs.claim("a", 2, 0, job=job.id)
    store.jobs.finish(job.id, "a", JobStatus.DONE, 3)
    assert store.jobs.forget(before=3) == 0
    assert store.jobs.forget(before=4) == 1
    assert list(store.jobs.errors(job.id)) == []
    assert store.jobs.latest() == []
