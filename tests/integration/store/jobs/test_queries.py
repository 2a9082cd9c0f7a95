import pytest

from postlude.model.errors import NotFoundError
from postlude.model.words import JobStatus
from postlude.store import Store
from postlude.store.jobs.queries import add_errors
from postlude.store.jobs.rows import Beat, Job, JobError


@pytest.fixture
def waiting(store: Store) -> Job:
    """An import that nobody has."""
    return store.jobs.add("import", "people.csv", 1, {"file": "x"}, unit="rows")


@pytest.fixture
def mine(store: Store, waiting: Job) -> Job:
    """An import that `a` has."""
    claimed = store.jobs.claim("a", 2, 0, kind="import")
    assert claimed is not None
    assert claimed.id == waiting.id
    return claimed


def test_who_claims_a_job_has_it(store: Store, mine: Job) -> None:
    assert mine.status == JobStatus.RUNNING
    assert mine.owner == "a"
    assert mine.options == {"file": "x"}
    assert store.jobs.claim("b", 3, 0, kind="import") is None


@pytest.mark.usefixtures("waiting")
def test_a_job_is_claimed_by_who_does_its_kind(store: Store) -> None:
    assert store.jobs.claim("a", 2, 0, kind="other") is None


def test_a_beat_records_progress(store: Store, mine: Job) -> None:
    assert store.jobs.beat(Beat(job=mine.id, at=4, done=10, counts={"added": 9}, position={"row": 10}), "a") == ""
    store.jobs.beat(Beat(job=mine.id, at=5, done=20, total=100), "a")
    now = store.jobs.get(mine.id)
    assert now.done == 20
    assert now.total == 100
    assert now.position == {"row": 10}
    assert now.counts == {}


def test_a_beat_carries_a_wish(store: Store, mine: Job) -> None:
    assert store.jobs.ask(mine.id, "pause", 5)
    assert store.jobs.beat(Beat(job=mine.id, at=5, done=20, total=100), "a") == "pause"


@pytest.fixture
def paused(store: Store, mine: Job) -> Job:
    assert store.jobs.finish(mine.id, "a", JobStatus.PAUSED, 6)
    return store.jobs.get(mine.id)


@pytest.mark.usefixtures("paused")
def test_a_paused_job_is_claimed_only_by_who_asks_for_this_one(store: Store) -> None:
    assert store.jobs.claim("b", 7, 0, kind="import") is None


def test_a_resumed_job_is_claimed_and_began_when_it_did(store: Store, paused: Job) -> None:
    assert store.jobs.resume(paused.id)
    again = store.jobs.claim("b", 8, 0, kind="import")
    assert again is not None
    assert again.started_at == 2


def test_a_job_is_resumed_once(store: Store, paused: Job) -> None:
    store.jobs.resume(paused.id)
    assert not store.jobs.resume(paused.id)


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
