"""A running campaign: its audience becomes copies, workers claim them, and they are counted."""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Connection, and_, case, func, insert, or_, select, update

from postlude.kit.ids import id_run
from postlude.model.words import ON_ITS_WAY, CampaignStatus, CopyStatus
from postlude.store.base import TopicQueries, as_struct, chunks, storable
from postlude.store.campaigns.rows import AudienceProgress, Campaign, CampaignClaim
from postlude.store.campaigns.tables import campaigns
from postlude.store.contacts.audience import audience_members
from postlude.store.contacts.may_leave import why_no_mailing_as_copy
from postlude.store.contacts.rows import Audience
from postlude.store.contacts.tables import contacts, suppressions
from postlude.store.journals.sending_pause import is_paused, next_generation
from postlude.store.messages.claims import WAITING, due_copies
from postlude.store.messages.tables import copies
from postlude.store.messages.workers import waiting_again
from postlude.store.privacy.recording import agreed
from postlude.store.privacy.tables import withdrawals
from postlude.store.settings import settings

_SECOND: Final = 1_000_000
_HOUR: Final = 3600 * _SECOND
_OPEN: Final = tuple(status.value for status in ON_ITS_WAY)


class CopyPlace(NamedTuple):
    """What a contact of the audience gets, and when."""

    message: int
    """The variant's."""
    status: CopyStatus
    """HELD or QUEUED."""
    due: int


class PlaceOf(Protocol):
    """Places the contacts of an audience."""

    def __call__(self, number: int, time_zone: str, /) -> CopyPlace:
        """`number` is the contact's in the run, `time_zone` its own, empty when it is not known."""
        ...


class CampaignSending(TopicQueries):
    """Create, claim and requeue a campaign's copies."""

    def enqueue_audience(
        self, campaign: int, audience: Audience, limit: int, place: PlaceOf, *, stood_since: int = 0
    ) -> AudienceProgress:
        """Create copies for up to `limit` further contacts of the audience, which comes settled.

        `stood_since` as for `in_audience`.

        The copies and the position in the audience change in one transaction: after a crash, and with several processes
        at once, no contact is left out and none gets two copies.
        """
        with self._database.write() as connection:
            row = connection.execute(select(campaigns).where(campaigns.c.id == campaign).with_for_update()).first()
            if row is None or row.taken_in or is_paused(connection) or row.status != CampaignStatus.SENDING.value:
                return AudienceProgress(0, complete=True)
            found = as_struct(Campaign, row)
            people = _next_people(connection, audience, found.taken_up_to, limit, stood_since)
            rows = _copy_rows(campaign, people, place)
            if rows:
                connection.execute(insert(copies), rows)
            complete = len(people) < limit
            change: dict[str, Any] = {"taken_in": complete}
            if people:
                change["taken_up_to"] = people[-1].contact
            connection.execute(update(campaigns).where(campaigns.c.id == campaign).values(change))
        return AudienceProgress(len(rows), complete)

    def claim(self, campaign: int, limit: int, now: int, worker: int) -> list[CampaignClaim]:
        """Up to `limit` due copies of a campaign, now CLAIMED in `worker`'s name, attempt counted, durably.

        As `claim`, one caller gets a copy; of a throttled campaign all callers together get as many as its pace
        allows. Nothing of a campaign that is not SENDING.
        """
        with self._database.write() as connection:
            if is_paused(connection):
                return []
            limit = _throttle_slots(connection, campaign, limit, now)
            ids: list[int] = []
            for status in WAITING:
                if len(ids) < limit:
                    due = due_copies(campaign, status, now).limit(limit - len(ids)).with_for_update(skip_locked=True)
                    ids += [row[0] for row in connection.execute(due)]
            for some in chunks(ids):
                connection.execute(
                    update(copies)
                    .where(copies.c.id.in_(some))
                    .values(status=CopyStatus.CLAIMED.value, attempts=copies.c.attempts + 1, worker=worker)
                )
            generation = next_generation(connection, self._insert(settings)) if ids else 0
            return [claim for some in chunks(ids) for claim in _claims(connection, some, generation)]

    def give_back(self, claimed: Collection[int]) -> None:
        """Claims of which nothing has left: waiting again, their attempt not counted."""
        back = {"status": waiting_again(), "attempts": copies.c.attempts - 1, "worker": None}
        with self._database.write() as connection:
            for some in chunks(claimed):
                held = copies.c.id.in_(some), copies.c.status.in_(("claimed", "sending"))
                connection.execute(update(copies).where(*held).values(back))

    def postpone(self, claimed: Collection[int], until: int, text: str = "") -> None:
        """As `give_back`, and not again before `until`; `text` says why."""
        why = {"text": storable(text)} if text else {}
        with self._database.write() as connection:
            for some in chunks(claimed):
                connection.execute(
                    update(copies)
                    .where(copies.c.id.in_(some), copies.c.status.in_(("claimed", "sending")))
                    .values(status=waiting_again(), attempts=copies.c.attempts - 1, worker=None)
                    .values(next_attempt_at=until, **why)
                )

    def counts(self, campaign: int) -> dict[CopyStatus, int]:
        """How many of its copies are where."""
        query = select(copies.c.status, func.count()).where(copies.c.campaign == campaign).group_by(copies.c.status)
        with self._database.read() as connection:
            return {CopyStatus(row[0]): row[1] for row in connection.execute(query)}

    def due(self, campaign: int) -> int | None:
        """When its next waiting copy is due, in the past for at once; None when none waits."""
        with self._database.read() as connection:
            found = [
                connection.execute(
                    select(func.min(copies.c.next_attempt_at)).where(
                        copies.c.campaign == campaign, copies.c.status == status.value
                    )
                ).scalar()
                for status in WAITING
            ]
        return min((at for at in found if at is not None), default=None)

    def finish(self, campaign: int, now: int) -> bool:
        """Set SENT when the whole audience has copies and every copy has its outcome; False otherwise."""
        waits_again = and_(copies.c.status == CopyStatus.INDETERMINATE.value, copies.c.next_attempt_at.is_not(None))
        is_open = or_(copies.c.status.in_(_OPEN), waits_again)
        left = select(copies.c.id).where(copies.c.campaign == campaign, is_open).exists()
        done = campaigns.c.id == campaign, campaigns.c.status == CampaignStatus.SENDING.value, campaigns.c.taken_in
        change = update(campaigns).where(*done, ~left)
        with self._database.write() as connection:
            values = {"status": CampaignStatus.SENT.value, "finished_at": now}
            return bool(connection.execute(change.values(values)).rowcount)

    def cancel_copies(self, campaign: int, limit: int = 10_000) -> int:
        """CANCELLED for up to `limit` copies that wait; how many it was. Those in a worker's hands are left to it.

        An indeterminate one may have arrived: it stays so, and is not tried again.
        """
        held = copies.c.status == CopyStatus.HELD.value
        waiting = or_(
            held, and_(copies.c.status.in_([s.value for s in WAITING]), copies.c.next_attempt_at.is_not(None))
        )
        indeterminate = CopyStatus.INDETERMINATE.value
        status = case((copies.c.status == indeterminate, indeterminate), else_=CopyStatus.CANCELLED.value)
        some = select(copies.c.id).where(copies.c.campaign == campaign, waiting).limit(limit)
        change = update(copies).where(copies.c.id.in_(some.scalar_subquery()), waiting)
        with self._database.write() as connection:
            return connection.execute(change.values(status=status, next_attempt_at=None)).rowcount

    def release_held(self, campaign: int, message: int, limit: int = 10_000) -> int:
        """Release up to `limit` held copies as the variant `message`; returns their number."""
        held = copies.c.campaign == campaign, copies.c.status == CopyStatus.HELD.value
        some = select(copies.c.id).where(*held).limit(limit)
        change = update(copies).where(copies.c.id.in_(some.scalar_subquery()), *held)
        with self._database.write() as connection:
            return connection.execute(change.values(status=CopyStatus.QUEUED.value, message=message)).rowcount


def _next_people(connection: Connection, audience: Audience, after: int, limit: int, stood_since: int) -> Sequence[Any]:
    members = audience_members(audience, stood_since=stood_since).where(contacts.c.id > after)
    query = members.add_columns(contacts.c.address, contacts.c.spelled, contacts.c.time_zone)
    return connection.execute(query.limit(limit)).all()


def _copy_rows(campaign: int, people: Sequence[Any], place: PlaceOf) -> list[dict[str, Any]]:
    rows = []
    for number, (copy, person) in enumerate(zip(id_run(len(people)), people, strict=True)):
        message, status, due = place(number, person.time_zone)
        rows.append(
            {
                "id": copy,
                "message": message,
                "recipient": person.spelled,
                "address": person.address,
                "status": status.value,
                "next_attempt_at": due,
                "campaign": campaign,
                "contact": person.contact,
                "list": person.list,
            }
        )
    return rows


def _throttle_slots(connection: Connection, campaign: int, limit: int, now: int) -> int:
    """How many copies may be claimed; the throttle's clock is moved on by them."""
    columns = campaigns.c.status, campaigns.c.options, campaigns.c.paced_to
    query = select(*columns).where(campaigns.c.id == campaign)
    row = connection.execute(query).first()
    if row is None or row.status != CampaignStatus.SENDING.value:
        return 0
    per_hour = row.options.get("per_hour", 0)
    if not per_hour:
        return limit
    paced_to = connection.execute(query.with_for_update()).one().paced_to
    pause = _HOUR / per_hour
    # What was not used up a second ago is gone; what lies ahead was given out while the clock was.
    begin = max(min(paced_to, now), now - max(int(pause), _SECOND))
    slots = min(limit, int((now - begin) / pause))
    if slots or paced_to > now:
        moved = update(campaigns).where(campaigns.c.id == campaign)
        connection.execute(moved.values(paced_to=int(begin + slots * pause)))
    return slots


_CLAIM: Final = (
    select(
        copies.c.id,
        copies.c.message,
        copies.c.campaign,
        copies.c.recipient,
        copies.c.attempts,
        copies.c.address,
        copies.c.contact,
        contacts.c.name,
        contacts.c.fields,
        why_no_mailing_as_copy(),
        withdrawals.c.opens,
        withdrawals.c.clicks,
        copies.c.indeterminate,
        agreed("opens"),
        agreed("clicks"),
    )
    .select_from(
        copies.outerjoin(contacts, contacts.c.id == copies.c.contact)
        .outerjoin(suppressions, suppressions.c.address == copies.c.address)
        .outerjoin(withdrawals, withdrawals.c.address == copies.c.address)
    )
    .order_by(copies.c.id)
)


def _claims(connection: Connection, ids: Sequence[int], generation: int) -> list[CampaignClaim]:
    rows: Sequence[Sequence[Any]] = connection.execute(_CLAIM.where(copies.c.id.in_(ids))).all()
    return [CampaignClaim(*(*row, generation)) for row in rows]  # the columns are in the struct's order
