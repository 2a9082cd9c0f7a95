"""Whether the state is the newest: its generation, the journals it has read, and the pause of sending."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from postlude.model.segment import SegmentLabel
from postlude.model.words import CampaignStatus, CopyStatus
from postlude.store.base import TopicQueries, storable
from postlude.store.campaigns.tables import campaign_variants, campaigns
from postlude.store.columns import metadata
from postlude.store.integrity.rows import Incident, PausedMail
from postlude.store.integrity.tables import early_results
from postlude.store.journals.sending_pause import FLOOR, NOT_WHOLE, PAUSE, SendingPause, generation_of, pause_now
from postlude.store.journals.tables import incidents, journal_labels
from postlude.store.messages.tables import copies, messages
from postlude.store.messages.workers import doubt_journals
from postlude.store.settings import settings

_UNCERTAIN: Final = "the state was put back and the journal of what was sent is not whole: it may have been sent before"
UNCERTAIN: Final = {
    "status": CopyStatus.INDETERMINATE.value,
    "text": _UNCERTAIN,
    "worker": None,
    "next_attempt_at": None,  # a time would mean: try it once more
}
_UNDER_WAY: Final = (CampaignStatus.SCHEDULED.value, CampaignStatus.SENDING.value)


class IntegrityQueries(TopicQueries):
    """Facts about this state as a whole."""

    def journal_labels(self) -> list[SegmentLabel]:
        """Every segment of a journal that was ever read from."""
        columns = (getattr(journal_labels.c, name) for name in SegmentLabel._fields)
        with self._database.read() as connection:
            return [SegmentLabel(*row) for row in connection.execute(select(*columns))]

    def note_folders(self, labels: Sequence[SegmentLabel]) -> None:
        """Remember journals of which nothing is read yet: when one is gone by the next start, that can be told."""
        if labels:
            with self._database.write() as connection:
                rows = [label._asdict() for label in labels]
                connection.execute(self._insert(journal_labels).on_conflict_do_nothing(), rows)

    def generation(self) -> int:
        """How many digest transactions led here; only a state that was put back ever has less than it had."""
        with self._database.read() as connection:
            return generation_of(connection)

    def raise_generation(self, generation: int) -> None:
        """From now on this state counts as no older than that."""
        insert = self._insert(settings).values(key=FLOOR, value=generation)
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["key"], set_={"value": generation}))

    def add_incidents(self, found: Iterable[Incident]) -> None:
        """Record new incidents, durably. What living workers have claimed is doubtful when their journal is."""
        rows = [
            msgspec.structs.asdict(one) | {"text": storable(one.text), "writer": storable(one.writer)} for one in found
        ]
        if rows:
            with self._database.write() as connection:
                new = _new_ones(connection, rows)
                if new:
                    connection.execute(self._insert(incidents).on_conflict_do_nothing(), new)
                if doubtful := {row["writer"] for row in new if row["writer"] and row["kind"] in NOT_WHOLE}:
                    doubt_journals(connection, doubtful)

    def incidents(self, *, every: bool = False) -> list[Incident]:
        """Unread incidents, or all of them; oldest first."""
        query = select(incidents).order_by(incidents.c.at, incidents.c.key)
        if not every:
            query = query.where(incidents.c.seen_at.is_(None))
        with self._database.read() as connection:
            return [Incident(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public in spite of its name

    def see_incidents(self, now: int) -> int:
        """Mark all as read; returns their number."""
        change = update(incidents).where(incidents.c.seen_at.is_(None)).values(seen_at=now)
        with self._database.write() as connection:
            return connection.execute(change).rowcount

    def damage(self) -> list[str]:
        """Read the whole database; returns damaged and inconsistent parts. Takes minutes on a large one."""
        with self._database.read() as connection:
            if self._database.sqlite:
                reported = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
                return [text for text in reported if text != "ok"]
            for table in metadata.sorted_tables:  # PostgreSQL reports a page with a wrong checksum
                connection.execute(select(func.count()).select_from(table)).scalar()
        return []

    def sending_pause(self) -> SendingPause | None:
        """Why sending is paused; None when it is not."""
        with self._database.read() as connection:
            value = connection.execute(select(settings.c.value).where(settings.c.key == PAUSE)).scalar()
        return None if value is None else msgspec.convert(value, SendingPause)

    def pause_sending(self, reason: str, now: int) -> None:
        """Pause all sending, single messages and campaigns, of all processes."""
        with self._database.write() as connection:
            pause_now(connection, self._insert(settings), reason, now)

    def paused_mail(self) -> PausedMail:
        """Waiting copies and campaigns while sending is paused."""
        pause = self.sending_pause()
        waiting = copies.c.campaign == 0, copies.c.status.in_((CopyStatus.QUEUED.value, CopyStatus.DEFERRED.value))
        with self._database.read() as connection:
            every = connection.execute(select(func.count()).select_from(copies).where(*waiting)).scalar_one()
            uncertain = 0
            if pause is not None and _journal_is_not_whole(connection, pause):
                query = select(func.count()).select_from(copies.join(messages, messages.c.id == copies.c.message))
                uncertain = connection.execute(query.where(*waiting, messages.c.created_at < pause.at)).scalar_one()
            known = _campaigns(connection)
        return PausedMail(every, uncertain, tuple(known))

    def resume_sending(self) -> PausedMail:
        """Resume sending, and record the decision.

        Copies of single messages that may have been sent already become INDETERMINATE. Campaigns with sent copies that
        this state does not know are paused: only the operator can tell who got them.
        """
        paused, pause = self.paused_mail(), self.sending_pause()
        with self._database.write() as connection:
            if paused.uncertain and pause is not None:
                older = select(messages.c.id).where(messages.c.created_at < pause.at)
                waiting = copies.c.status.in_((CopyStatus.QUEUED.value, CopyStatus.DEFERRED.value))
                change = update(copies).where(copies.c.campaign == 0, waiting, copies.c.message.in_(older))
                connection.execute(change.values(UNCERTAIN))
            for campaign, _, gone in paused.campaigns:
                problem = f"{gone} copies left before the database was put back: exclude who got it, or cancel"
                change = update(campaigns).where(campaigns.c.id == campaign, campaigns.c.status.in_(_UNDER_WAY))
                if gone:
                    connection.execute(change.values(status=CampaignStatus.PAUSED.value, problem=problem))
            connection.execute(delete(settings).where(settings.c.key == PAUSE))
        return paused


def _new_ones(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    known = select(incidents.c.key).where(incidents.c.key.in_([row["key"] for row in rows]))
    told = {row[0] for row in connection.execute(known)}
    return [row for row in rows if row["key"] not in told]


def _journal_is_not_whole(connection: Connection, pause: SendingPause) -> bool:
    """Whether a journal of those who send was found damaged at the start that held, or later."""
    query = select(incidents.c.writer).where(incidents.c.at >= pause.at, incidents.c.kind.in_(NOT_WHOLE))
    return any(name == "app" or name.startswith("worker-") for (name,) in connection.execute(query))


def _campaigns(connection: Connection) -> list[tuple[int, str, int]]:
    early = (
        select(campaign_variants.c.campaign, func.count().label("gone"))
        .select_from(early_results.join(campaign_variants, campaign_variants.c.message == early_results.c.message))
        .group_by(campaign_variants.c.campaign)
        .subquery()
    )
    query = (
        select(campaigns.c.id, campaigns.c.name, func.coalesce(early.c.gone, 0))
        .select_from(campaigns.outerjoin(early, early.c.campaign == campaigns.c.id))
        .where(campaigns.c.status.in_(_UNDER_WAY))
        .order_by(campaigns.c.id)
    )
    return [(int(row[0]), str(row[1]), int(row[2])) for row in connection.execute(query)]
