"""Outgoing mail: which worker hands over which copy, and when."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Select, and_, func, select, update

from postlude.model.words import CopyStatus
from postlude.store.base import TopicQueries
from postlude.store.journals.sending_pause import is_paused, next_generation
from postlude.store.messages.rows import Claim
from postlude.store.messages.tables import copies, messages
from postlude.store.settings import settings

_SAMPLE: Final = 100
WAITING: Final = (CopyStatus.DEFERRED, CopyStatus.QUEUED, CopyStatus.INDETERMINATE)
"""What may leave when its time comes. INDETERMINATE has a time only where its sender wants it tried once more."""


class Claims(TopicQueries):
    """Claims on copies of single mails."""

    def claim(self, limit: int, now: int, worker: int) -> list[Claim]:
        """Up to `limit` copies of single mails that are due, now CLAIMED in `worker`'s name, attempt counted, durably.

        In the order in which they became due. Only one caller gets a copy, whatever the number of processes: SQLite has
        one writer at a time, PostgreSQL skips rows another claimer has locked.
        """
        due_at = self.next_due(now)
        if due_at is None or due_at > now:  # asked at every change there is: no lock when there is nothing to do
            return []
        with self._database.write() as connection:
            if is_paused(connection):
                return []
            ids: list[int] = []
            for status in WAITING:
                if len(ids) < limit:
                    due = due_copies(0, status, now).limit(limit - len(ids)).with_for_update(skip_locked=True)
                    ids += [row[0] for row in connection.execute(due)]
            if not ids:
                return []
            connection.execute(
                update(copies)
                .where(copies.c.id.in_(ids))
                .values(status=CopyStatus.CLAIMED.value, attempts=copies.c.attempts + 1, worker=worker)
            )
            generation = next_generation(connection, self._insert(settings))
            claims = as_claims(connection.execute(claim_query().where(copies.c.id.in_(ids))).all(), generation)
        order = {copy: place for place, copy in enumerate(ids)}
        return sorted(claims, key=lambda claim: order[claim.copy])

    def oldest_waiting(self, now: int) -> int | None:
        """Since when the longest waiting due copy of a single mail waits; None when none is due.

        Of copies that were never tried it looks at the first hundred only: they wait about equally long.
        """
        mine = copies.c.campaign == 0, copies.c.next_attempt_at <= now
        tried_before = (CopyStatus.DEFERRED.value, CopyStatus.INDETERMINATE.value)
        put_off = select(copies.c.next_attempt_at).where(*mine, copies.c.status.in_(tried_before))
        new = select(copies.c.message).where(*mine, copies.c.status == CopyStatus.QUEUED.value)
        new = new.order_by(copies.c.next_attempt_at).limit(_SAMPLE)
        with self._database.read() as connection:
            tried = connection.execute(put_off.order_by(copies.c.next_attempt_at).limit(1)).scalar()
            handed_in = select(func.min(messages.c.created_at)).where(messages.c.id.in_(new.subquery().select()))
            never = connection.execute(handed_in).scalar()
        known = [int(at) for at in (tried, never) if at is not None]
        return min(known) if known else None

    def indeterminate(self) -> int:
        """How many copies of single mails may or may not have left (INDETERMINATE)."""
        query = select(func.count()).where(copies.c.campaign == 0, copies.c.status == CopyStatus.INDETERMINATE.value)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def next_due(self, now: int) -> int | None:
        """When the next waiting copy of a single mail is due: `now` or later; None when none waits."""
        found = []
        with self._database.read() as connection:
            for status in WAITING:
                query = select(func.min(copies.c.next_attempt_at))
                query = query.where(copies.c.campaign == 0, copies.c.status == status.value)
                found.append(connection.execute(query).scalar())
        known = [int(at) for at in found if at is not None]
        return max(min(known), now) if known else None


def due_copies(campaign: int, status: CopyStatus, now: int) -> Select[int]:
    """Waiting copies of one status that may be sent, in order. One status at a time: then the index has the order."""
    mine = copies.c.campaign == campaign, copies.c.status == status.value, copies.c.next_attempt_at <= now
    return select(copies.c.id).where(and_(*mine)).order_by(copies.c.next_attempt_at, copies.c.id)


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
        messages.c.sender,
        messages.c.created_at,
        copies.c.indeterminate,
        messages.c.size,
    )
    return select(*columns).join(messages, messages.c.id == copies.c.message).order_by(copies.c.id)


def as_claims(rows: Sequence[Sequence[object]], generation: int = 0) -> list[Claim]:
    """Make claims of the rows of `claim_query`."""
    return [Claim(*(*row, generation)) for row in rows]  # type: ignore[arg-type]  # the columns are in the struct's order
