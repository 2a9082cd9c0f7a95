"""Long work: paused, resumed and cancelled; how fast it goes, and how long it still takes."""

from typing import Final, NamedTuple

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.words import JobStatus
from postlude.store import Store
from postlude.store.jobs.rows import Job

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


def steer_job(store: Store, clock: Clock, job: int, wanted: str) -> None:
    """Resume a job, or ask it to `pause` or `cancel`: its worker checks at every beat."""
    if wanted == "resume":
        store.jobs.resume(job)
    else:
        store.jobs.ask(job, wanted, clock.now())


class Pace(NamedTuple):
    """Of a job's present run."""

    per_second: float
    """0: not known yet."""
    seconds_left: float | None
    """None: not known."""
    percent: int


def pace(job: Job) -> Pace:
    """Measured over the present run, from its beginning to its last sign of life."""
    percent = min(100, job.done * 100 // job.total) if job.total else 0
    if job.status is not JobStatus.RUNNING or not job.run_at or not job.beat_at or job.beat_at <= job.run_at:
        return Pace(0.0, None, 100 if job.status is JobStatus.DONE else percent)
    rate = (job.done - job.run_done) * MICROS_PER_SECOND / (job.beat_at - job.run_at)
    return Pace(rate, (job.total - job.done) / rate if rate > 0 and job.total else None, percent)


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `2 h 10 min`, `3 d 4 h`: two units at most, rounded up."""
    whole = int(seconds + 0.999)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{-(-whole // _MINUTE)} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"
