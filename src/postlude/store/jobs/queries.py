"""Long work: one row per job, so that it is shown, can be stopped, and continues after a crash."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, or_, select, update

from postlude.kit.ids import new_id
from postlude.model.errors import NotFoundError
from postlude.model.words import JobStatus
from postlude.store.base import TopicQueries, as_struct, storable
from postlude.store.jobs.rows import Beat, Job, JobError
from postlude.store.jobs.tables import job_errors, jobs

_PAGE = 5000


class JobQueries(TopicQueries):
    """Jobs and the rows they could not take."""

    def add(
        self,
        kind: str,
        title: str,
        at: int,
        options: dict[str, Any],
        *,
        unit: str = "",
        by: str = "",
        total: int = 0,
        owner: str = "",
    ) -> Job:
        """Add a job; the process that claims it runs it, or `owner` at once."""
        job = Job(
            id=new_id(),
            kind=kind,
            title=storable(title),
            status=JobStatus.RUNNING if owner else JobStatus.WAITING,
            owner=owner,
            by=storable(by),
            unit=unit,
            total=total,
            options=options,
            created_at=at,
            started_at=at if owner else None,
            beat_at=at if owner else None,
            run_at=at if owner else None,
        )
        with self._database.write() as connection:
            connection.execute(jobs.insert(), msgspec.structs.asdict(job) | {"status": job.status.value})
        return job

    def get(self, job: int) -> Job:
        """One job; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
        if row is None:
            raise NotFoundError(f"no job has the id {job:016x}")
        return as_struct(Job, row)

    def latest(self, kind: str = "", limit: int = 50) -> list[Job]:
        """The newest first, of one kind or all."""
        query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
        if kind:
            query = query.where(jobs.c.kind == kind)
        with self._database.read() as connection:
            return [as_struct(Job, row) for row in connection.execute(query)]

    def claim(self, owner: str, now: int, silent_since: int, *, job: int = 0, kind: str = "") -> Job | None:
        """Take one job (this one, or the oldest of a kind) for `owner`; None when none can be had.

        Waiting jobs can be had, and running ones that gave no sign since `silent_since`: their process died. A job
        asked for by its id can be had when it is paused or failed, too: that is resuming.
        """
        dead = and_(jobs.c.status == JobStatus.RUNNING.value, jobs.c.beat_at < silent_since)
        free = or_(jobs.c.status == JobStatus.WAITING.value, dead)
        if job:
            free = or_(free, jobs.c.status.in_((JobStatus.PAUSED.value, JobStatus.FAILED.value)))
        query = select(jobs.c.id).where(free).order_by(jobs.c.created_at, jobs.c.id).limit(1)
        query = query.where(jobs.c.id == job) if job else query.where(jobs.c.kind == kind)
        with self._database.read() as connection:  # looked at every few seconds: no lock when there is nothing to do
            if connection.execute(query).first() is None:
                return None
        with self._database.write() as connection:
            found = connection.execute(query.with_for_update(skip_locked=True)).scalar()
            if found is None:
                return None
            change: dict[str, Any] = {
                "status": JobStatus.RUNNING.value,
                "owner": owner,
                "beat_at": now,
                "error": "",
                "wanted": "",
            }
            change |= {"finished_at": None, "run_at": now, "run_done": jobs.c.done}
            connection.execute(update(jobs).where(jobs.c.id == found).values(**change))
            connection.execute(
                update(jobs).where(jobs.c.id == found, jobs.c.started_at.is_(None)).values(started_at=now)
            )
            row = connection.execute(select(jobs).where(jobs.c.id == found)).one()
        return as_struct(Job, row)

    def beat(self, beat: Beat, owner: str) -> str:
        """Record progress; returns the wish (`pause`, `cancel`, nothing), `lost` when another process has it.

        Work that changes other tables records its progress in its own transaction instead (`note_beat`).
        """
        with self._database.write() as connection:
            return note_beat(connection, beat, owner)

    def ask(self, job: int, wanted: str, now: int) -> bool:
        """Ask for `pause` or `cancel`; False when the job has ended. A job without a worker changes at once."""
        with self._database.write() as connection:
            idle = update(jobs).where(jobs.c.id == job, jobs.c.status.in_(_IDLE))
            if wanted == "cancel":
                done = connection.execute(idle.values(status=JobStatus.CANCELLED.value, finished_at=now))
            else:
                done = connection.execute(
                    idle.where(jobs.c.status == JobStatus.WAITING.value).values(status=JobStatus.PAUSED.value)
                )
            if done.rowcount:
                return True
            running = update(jobs).where(jobs.c.id == job, jobs.c.status == JobStatus.RUNNING.value)
            return connection.execute(running.values(wanted=wanted)).rowcount > 0

    def resume(self, job: int) -> bool:
        """Queue a paused or failed job again; False when it is neither."""
        stopped = (JobStatus.PAUSED.value, JobStatus.FAILED.value)
        with self._database.write() as connection:
            change = update(jobs).where(jobs.c.id == job, jobs.c.status.in_(stopped))
            return connection.execute(change.values(status=JobStatus.WAITING.value, wanted="", error="")).rowcount > 0

    def finish(self, job: int, owner: str, status: JobStatus, now: int, error: str = "") -> bool:
        """Record how it ended (or that it pauses); False when another process has taken it over."""
        over = None if status in {JobStatus.PAUSED, JobStatus.WAITING} else now
        with self._database.write() as connection:
            change = update(jobs).where(jobs.c.id == job, jobs.c.owner == owner)
            change = change.values(status=status.value, error=storable(error), beat_at=now, finished_at=over, wanted="")
            return connection.execute(change).rowcount > 0

    def errors(self, job: int) -> Iterator[JobError]:
        """Every row the job could not take, in the order of the file; read in pages, whatever their number."""
        last = (-1, -1)
        while True:
            later = or_(job_errors.c.line > last[0], and_(job_errors.c.line == last[0], job_errors.c.number > last[1]))
            query = select(job_errors).where(job_errors.c.job == job, later)
            with self._database.read() as connection:
                rows = connection.execute(query.order_by(job_errors.c.line, job_errors.c.number).limit(_PAGE)).all()
            yield from (as_struct(JobError, row) for row in rows)
            if len(rows) < _PAGE:
                return
            last = (rows[-1].line, rows[-1].number)

    def forget(self, before: int) -> int:
        """Delete jobs that ended before this moment, with their errors; how many."""
        old = select(jobs.c.id).where(jobs.c.finished_at < before)
        with self._database.write() as connection:
            connection.execute(delete(job_errors).where(job_errors.c.job.in_(old)))
            return connection.execute(delete(jobs).where(jobs.c.finished_at < before)).rowcount


_IDLE = (JobStatus.WAITING.value, JobStatus.PAUSED.value, JobStatus.FAILED.value)


def note_beat(connection: Connection, beat: Beat, owner: str) -> str:
    """As `Jobs.beat_job`, inside the transaction of the work itself."""
    change: dict[str, Any] = {"done": beat.done, "beat_at": beat.at, "counts": dict(beat.counts)}
    if beat.position:
        change["position"] = dict(beat.position)
    if beat.total is not None:
        change["total"] = beat.total
    mine = and_(jobs.c.id == beat.job, jobs.c.owner == owner, jobs.c.status == JobStatus.RUNNING.value)
    if not connection.execute(update(jobs).where(mine).values(**change)).rowcount:
        return "lost"
    return str(connection.execute(select(jobs.c.wanted).where(jobs.c.id == beat.job)).scalar())


def add_errors(connection: Connection, job: int, errors: Iterable[JobError]) -> None:
    """Store rejected rows in the transaction of the imported ones."""
    rows: Sequence[dict[str, Any]] = [
        {"job": job}
        | msgspec.structs.asdict(error)
        | {name: storable(getattr(error, name)) for name in ("column", "value", "reason", "remedy")}
        for error in errors
    ]
    if rows:
        connection.execute(job_errors.insert(), rows)
