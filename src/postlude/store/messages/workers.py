"""Sending processes, and the copies that dead ones had claimed."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, case, delete, insert, or_, select, update

from postlude.kit.ids import new_id
from postlude.model.words import CampaignStatus, CopyStatus
from postlude.store.base import TopicQueries, chunks
from postlude.store.campaigns.tables import campaigns
from postlude.store.messages.claims import as_claims, claim_query
from postlude.store.messages.rows import Claim, JournalState
from postlude.store.messages.tables import copies, workers


class Workers(TopicQueries):
    """Starts of sending processes, each with the journal whose lock it holds."""

    def begin_worker(self, journal: str, now: int) -> int:
        """The id under which a process that holds `journal` (`data folder's id/name`) claims from now on."""
        worker = new_id()
        with self._database.write() as connection:
            state = JournalState.UNREAD.value
            row = {"id": worker, "journal": journal, "started_at": now, "journal_state": state}
            connection.execute(insert(workers).values(row))
        return worker

    def former_workers(self, journal: str) -> list[int]:
        """Holders of this journal until now: for who has its lock, all of them are dead."""
        with self._database.read() as connection:
            # Older versions had one worker in all, whose journal was called `app` without its folder.
            same = workers.c.journal.in_((journal, journal.rpartition("/")[2]))
            return [row[0] for row in connection.execute(select(workers.c.id).where(same))]

    def worker_journals(self) -> dict[str, list[int]]:
        """Every worker that has not been ended, by journal."""
        found: dict[str, list[int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(workers).order_by(workers.c.started_at)):
                found.setdefault(row.journal, []).append(row.id)
        return found

    def left_in_flight(self, dead: Iterable[int], *, journal_is_theirs: bool = True) -> list[Claim]:
        """Copies these workers were handing over. Call only after their journals are digested.

        For a worker whose journal was found damaged or older since its start, or does not know of its start, also its
        claimed copies: the lost records may have contained attempts. Without `journal_is_theirs` for all workers whose
        version would have proved it.
        """
        found: list[Claim] = []
        with self._database.write() as connection:
            for some in chunks(dead):
                if untrusted := _without_whole_journal(connection, some, theirs=journal_is_theirs):
                    claimed = copies.c.worker.in_(untrusted), copies.c.status == CopyStatus.CLAIMED.value
                    connection.execute(update(copies).where(*claimed).values(status=CopyStatus.SENDING.value))
                held = copies.c.worker.in_(some), copies.c.status == CopyStatus.SENDING.value
                found += as_claims(connection.execute(claim_query().where(*held)).all())
        return found

    def have_whole_journals(self, dead: Iterable[int]) -> bool:
        """Whether nothing was found wrong with the journals of these workers since they started."""
        with self._database.read() as connection:
            return not any(_without_whole_journal(connection, some) for some in chunks(dead))

    def campaign_copies_claimed(self) -> bool:
        """Whether any worker, alive or dead, has claimed copies of campaigns."""
        # `worker >= 0` finds the few by the index; SQLite answers `IS NOT NULL` by reading every copy ever sent.
        held = select(copies.c.id).where(copies.c.worker >= 0, copies.c.campaign != 0).limit(1)
        with self._database.read() as connection:
            return connection.execute(held).first() is not None

    def give_up_workers_of(self, folder: str) -> int:
        """Set INDETERMINATE for copies claimed by workers of another data folder; returns their number."""
        text = "it was in the hands of a process of another data folder; it may have arrived and is not sent again"
        theirs = select(workers.c.id).where(workers.c.journal.startswith(f"{folder}/", autoescape=True))
        held = copies.c.worker.in_(theirs), copies.c.status.in_((CopyStatus.CLAIMED.value, CopyStatus.SENDING.value))
        indeterminate = {
            "status": CopyStatus.INDETERMINATE.value,
            "text": text,
            "worker": None,
            "next_attempt_at": None,
        }
        with self._database.write() as connection:
            given_up = connection.execute(update(copies).where(*held).values(indeterminate)).rowcount
            connection.execute(delete(workers).where(workers.c.id.in_(theirs.scalar_subquery())))
        return given_up

    def end_workers(self, dead: Iterable[int]) -> int:
        """Return the claims of these workers that were not attempted, and delete the workers; the number of copies.

        A worker stays while a copy is still being sent by it: what was journaled of that copy is not digested, and the
        next start has to look again whether it ever will be.
        """
        given_back = 0
        back = {"status": waiting_again(), "attempts": copies.c.attempts - 1, "worker": None}
        with self._database.write() as connection:
            for some in chunks(dead):
                held = copies.c.worker.in_(some), copies.c.status == CopyStatus.CLAIMED.value
                given_back += connection.execute(update(copies).where(*held).values(back)).rowcount
                sending = select(copies.c.id).where(
                    copies.c.worker == workers.c.id, copies.c.status == CopyStatus.SENDING.value
                )
                connection.execute(delete(workers).where(workers.c.id.in_(some), ~sending.exists()))
        return given_back


def _without_whole_journal(connection: Connection, dead: Sequence[int], *, theirs: bool = True) -> list[int]:
    doubtful = [JournalState.UNREAD.value, JournalState.BROKEN.value]
    doubtful += [] if theirs else [JournalState.READ.value]
    query = select(workers.c.id).where(workers.c.id.in_(dead), workers.c.journal_state.in_(doubtful))
    return [row.id for row in connection.execute(query)]


def doubt_journals(connection: Connection, names: Collection[str]) -> None:
    """Records may be missing from these journals: what their workers have claimed until now is doubtful."""
    same = or_(*(workers.c.journal.endswith(f"/{name}", autoescape=True) for name in names))
    change = update(workers).where(or_(workers.c.journal.in_(names), same))
    connection.execute(change.values(journal_state=JournalState.BROKEN.value))


def waiting_again() -> ColumnElement[str]:
    """Status of a returned copy: QUEUED, unless its campaign was cancelled meanwhile."""
    over = select(campaigns.c.id).where(
        campaigns.c.id == copies.c.campaign, campaigns.c.status == CampaignStatus.CANCELLED.value
    )
    return case((over.exists(), CopyStatus.CANCELLED.value), else_=CopyStatus.QUEUED.value)
