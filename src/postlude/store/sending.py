"""The way out: who hands which copy over, and when."""

from collections.abc import Sequence

from sqlalchemy import Select, func, or_, select, update

from postlude.model.words import CopyStatus
from postlude.store.base import Part, clean
from postlude.store.rows import Claim
from postlude.store.schema import copies, messages

_WAITING = (CopyStatus.QUEUED.value, CopyStatus.DEFERRED.value)


class Sending(Part):
    """Claims on copies."""

    def claim(self, limit: int, now: int, worker: int) -> list[Claim]:
        """Up to `limit` copies of single mails that are due, now SENDING in `worker`'s name, attempt counted, durably.

        Only one caller gets a copy, whatever the number of processes: SQLite has one writer at a time, PostgreSQL
        skips rows another claimer has locked.
        """
        due = (
            select(copies.c.id)
            .where(copies.c.campaign == 0, copies.c.status.in_(_WAITING))
            .where(or_(copies.c.next_attempt_at.is_(None), copies.c.next_attempt_at <= now))
            .order_by(func.coalesce(copies.c.next_attempt_at, 0), copies.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.write() as connection:
            ids = [row[0] for row in connection.execute(due)]
            if not ids:
                return []
            connection.execute(
                update(copies)
                .where(copies.c.id.in_(ids))
                .values(
                    status=CopyStatus.SENDING.value,
                    attempts=copies.c.attempts + 1,
                    next_attempt_at=None,
                    worker=worker,
                )
            )
            return as_claims(connection.execute(claim_query().where(copies.c.id.in_(ids))).all())

    def release(self, copy: int, until: int | None = None, text: str = "") -> None:
        """Give a claim back that was never begun: queued again (until when, if given), its attempt not counted.

        `text` says why it waits.
        """
        why = {"text": clean(text)} if text else {}
        with self._database.write() as connection:
            connection.execute(
                update(copies)
                .where(copies.c.id == copy, copies.c.status == CopyStatus.SENDING.value)
                .values(
                    status=CopyStatus.QUEUED.value,
                    attempts=copies.c.attempts - 1,
                    next_attempt_at=until,
                    worker=None,
                    **why,
                )
            )

    def next_due(self, now: int) -> int | None:
        """When the next waiting copy of a single mail is due: `now` or later; None when none waits."""
        query = select(func.min(func.coalesce(copies.c.next_attempt_at, 0)))
        query = query.where(copies.c.campaign == 0, copies.c.status.in_(_WAITING))
        with self._database.read() as connection:
            earliest = connection.execute(query).scalar()
        return None if earliest is None else max(int(earliest), now)


def claim_query() -> Select[tuple[object, ...]]:
    """Select claims; narrow it down with `where`."""
    columns = (
        copies.c.id,
        copies.c.message,
        copies.c.recipient,
        copies.c.attempts,
        messages.c.user,
        messages.c.mail_from,
        messages.c.envid,
        messages.c.ret,
        copies.c.notify,
        copies.c.orcpt,
    )
    return select(*columns).join(messages, messages.c.id == copies.c.message).order_by(copies.c.id)


def as_claims(rows: Sequence[Sequence[object]]) -> list[Claim]:
    """Make claims of the rows of `claim_query`."""
    return [Claim(*row) for row in rows]  # type: ignore[arg-type]  # the columns are in the struct's order
