"""Who sends, and what those who died had in their hands."""

from collections.abc import Iterable

from sqlalchemy import delete, insert, select, update

from postlude.kit.ids import new_id
from postlude.model.words import CopyStatus
from postlude.store.base import Part, chunks
from postlude.store.rows import Claim
from postlude.store.schema import copies, workers
from postlude.store.sending import as_claims, claim_query


class Workers(Part):
    """Starts of processes that send, each tied to the journal it holds the lock of."""

    def begin_worker(self, journal: str, now: int) -> int:
        """The id under which a process that holds `journal` claims from now on."""
        worker = new_id()
        with self._database.write() as connection:
            connection.execute(insert(workers).values(id=worker, journal=journal, started_at=now))
        return worker

    def former_workers(self, worker: int) -> list[int]:
        """Those who held the same journal before: dead, because its lock has one holder at a time."""
        mine = select(workers.c.journal).where(workers.c.id == worker).scalar_subquery()
        query = select(workers.c.id).where(workers.c.journal == mine, workers.c.id != worker)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def worker_journals(self) -> dict[str, list[int]]:
        """Every worker that has not been ended, by journal."""
        found: dict[str, list[int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(workers).order_by(workers.c.started_at)):
                found.setdefault(row.journal, []).append(row.id)
        return found

    def left_in_flight(self, dead: Iterable[int]) -> list[Claim]:
        """Copies these workers were handing over. Ask only when all they journaled has been digested."""
        found: list[Claim] = []
        with self._database.read() as connection:
            for some in chunks(dead):
                held = copies.c.worker.in_(some), copies.c.status == CopyStatus.SENDING.value
                found += as_claims(connection.execute(claim_query().where(*held)).all())
        return found

    def end_workers(self, dead: Iterable[int]) -> int:
        """Forget these workers and give back what they had claimed and not begun; how many copies that was."""
        given_back = 0
        back = {"status": CopyStatus.QUEUED.value, "attempts": copies.c.attempts - 1, "worker": None}
        with self._database.write() as connection:
            for some in chunks(dead):
                held = copies.c.worker.in_(some), copies.c.status == CopyStatus.CLAIMED.value
                given_back += connection.execute(update(copies).where(*held).values(back)).rowcount
                connection.execute(delete(workers).where(workers.c.id.in_(some)))
        return given_back
