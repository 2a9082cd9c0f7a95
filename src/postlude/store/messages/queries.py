"""Questions about messages, copies and links."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, or_, select, union

from postlude.model.errors import NotFoundError
from postlude.model.words import CopyStatus, Via
from postlude.store.base import TopicQueries, after_last, as_struct, chunks, lookup_key
from postlude.store.messages.rows import Activity, Copy, Link, LinkActivity, Message, MessageTotals, StoredChecksum
from postlude.store.messages.tables import copies, copy_activity, link_activity, links, message_aliases, messages

# One value for any number of ids: the digest asks for thousands a batch, and an IN list costs 6 us an id (measured).
SHOWN_LATER: Final = "it was not known whether it arrived; what came of it later shows it"
"""Of a copy that is SENT by what came of it: when it was handed over is not known."""
_HANDED_OVER: Final = f"sent_at IS NOT NULL AND text <> '{SHOWN_LATER}'"
_SENT_TIMES_SQLITE: Final = (
    f"SELECT id, sent_at FROM copies WHERE id IN (SELECT value FROM json_each(?)) AND {_HANDED_OVER}"  # noqa: S608 - fixed text
)
_SENT_TIMES_POSTGRESQL: Final = f"SELECT id, sent_at FROM copies WHERE id = ANY(%s) AND {_HANDED_OVER}"  # noqa: S608 - fixed text

_WINDOWS_SQLITE: Final = (
    "SELECT copy, hits FROM copy_activity WHERE copy IN (SELECT value FROM json_each(?)) AND hits IS NOT NULL"
)
_WINDOWS_POSTGRESQL: Final = "SELECT copy, hits FROM copy_activity WHERE copy = ANY(%s) AND hits IS NOT NULL"

_PART: Final = 1000
_WAITING: Final = tuple(
    status.value for status in (CopyStatus.QUEUED, CopyStatus.DEFERRED, CopyStatus.CLAIMED, CopyStatus.SENDING)
)

COPY_COLUMNS = [column for column in copies.c if column.name != "address"]


_ACTIVITY: Final = [column for column in copy_activity.c if column.name != "hits"]


class MessageQueries(TopicQueries):
    """Reads only."""

    def get(self, message: int) -> Message:
        """One message; NotFoundError when it is not stored."""
        with self._database.read() as connection:
            row = connection.execute(select(messages).where(messages.c.id == message)).first()
        if row is None:
            raise NotFoundError(f"no message has the id {message:016x}")
        return as_struct(Message, row)

    def get_many(self, wanted: Collection[int]) -> dict[int, Message]:
        """Those of the wanted messages that are stored, by id."""
        found: dict[int, Message] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                for row in connection.execute(select(messages).where(messages.c.id.in_(some))):
                    found[row.id] = as_struct(Message, row)
        return found

    def checksums(self) -> Iterator[StoredChecksum]:
        """Of every message that has one, by id, a part at a time."""
        waits = select(copies.c.id).where(copies.c.message == messages.c.id, copies.c.status.in_(_WAITING)).exists()
        query = select(messages.c.id, messages.c.checksum, waits).where(messages.c.checksum != "")
        after = 0
        while True:
            with self._database.read() as connection:
                part = query.where(messages.c.id > after).order_by(messages.c.id).limit(_PART)
                rows = [StoredChecksum(int(row[0]), str(row[1]), bool(row[2])) for row in connection.execute(part)]
            yield from rows
            if len(rows) < _PART:
                return
            after = rows[-1].message

    def copies(self, message: int, recipient: str = "") -> list[Copy]:
        """Copies of one message, in the order of their recipients; with a `recipient` only those to that address."""
        mine = [copies.c.message == message]
        if recipient:
            # The sum keeps SQLite from reading a whole campaign through the index of messages.
            mine = [copies.c.address == lookup_key(recipient), copies.c.message + 0 == message]
        query = select(*COPY_COLUMNS).where(*mine).order_by(copies.c.address, copies.c.id)
        with self._database.read() as connection:
            return [as_struct(Copy, row) for row in connection.execute(query)]

    def copy(self, copy: int) -> Copy:
        """One copy; NotFoundError when it is not stored."""
        found = self.copies_by_id([copy])
        if not found:
            raise NotFoundError(f"no copy has the id {copy:016x}")
        return found[copy]

    def copies_by_id(self, ids: Iterable[int]) -> dict[int, Copy]:
        """Those of the copies that are stored."""
        found: dict[int, Copy] = {}
        with self._database.read() as connection:
            for some in chunks(ids):
                for row in connection.execute(select(*COPY_COLUMNS).where(copies.c.id.in_(some))):
                    found[row.id] = as_struct(Copy, row)
        return found

    def copies_like(self, copy: int) -> list[Copy]:
        """Every copy to the address this copy went to, itself among them; empty when it is not stored."""
        address = select(copies.c.address).where(copies.c.id == copy).scalar_subquery()
        with self._database.read() as connection:
            query = select(*COPY_COLUMNS).where(copies.c.address == address).order_by(copies.c.id)
            return [as_struct(Copy, row) for row in connection.execute(query)]

    def sent_times(self, ids: Iterable[int]) -> dict[int, int]:
        """When each of the copies was handed over; those of which that is not known are absent."""
        wanted = list(ids)
        query, value = (
            (_SENT_TIMES_SQLITE, json.dumps(wanted)) if self._database.sqlite else (_SENT_TIMES_POSTGRESQL, wanted)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.exec_driver_sql(query, (value,)).all()}

    def windows(self, ids: Iterable[int]) -> dict[int, bytes]:
        """The windows of those of these copies that have one."""
        wanted = list(ids)
        query, value = (_WINDOWS_SQLITE, json.dumps(wanted)) if self._database.sqlite else (_WINDOWS_POSTGRESQL, wanted)
        with self._database.read() as connection:
            return {row[0]: bytes(row[1]) for row in connection.exec_driver_sql(query, (value,)).all()}

    def domains(self, ids: Iterable[int]) -> dict[int, str]:
        """The mail domains of the recipients of those of these copies that are stored."""
        found: dict[int, str] = {}
        with self._database.read() as connection:
            for some in chunks(ids):
                for row in connection.execute(select(copies.c.id, copies.c.address).where(copies.c.id.in_(some))):
                    found[row.id] = str(row.address).rpartition("@")[2]
        return found

    def tracked_links(self, message: int) -> int:
        """How many links of a message are tracked."""
        with self._database.read() as connection:
            query = select(func.count()).where(links.c.message == message, links.c.tracked)
            return int(connection.execute(query).scalar_one())

    def links(self, message: int) -> list[Link]:
        """The message's links in order."""
        with self._database.read() as connection:
            query = select(links).where(links.c.message == message).order_by(links.c.position)
            return [as_struct(Link, row) for row in connection.execute(query)]

    def link_urls(self, wanted: Iterable[int]) -> dict[int, dict[int, str]]:
        """Of each of these messages that has links: their addresses, by position."""
        found: dict[int, dict[int, str]] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(links.c.message, links.c.position, links.c.url).where(links.c.message.in_(some))
                for message, position, url in connection.execute(query):
                    found.setdefault(message, {})[position] = url
        return found

    def accepted_at(self, ids: Iterable[int]) -> dict[int, int]:
        """When each of these messages was accepted; those that are not known are left out."""
        found: dict[int, int] = {}
        with self._database.read() as connection:
            for some in chunks(ids):
                query = select(messages.c.id, messages.c.created_at).where(messages.c.id.in_(some))
                found |= {row.id: row.created_at for row in connection.execute(query)}
        return found

    def ids_after(self, message: int, limit: int) -> list[tuple[int, int]]:
        """Ids of messages in their order, those after `message`, and when each was made."""
        query = select(messages.c.id, messages.c.created_at).where(messages.c.id > message)
        with self._database.read() as connection:
            return [(row.id, row.created_at) for row in connection.execute(query.order_by(messages.c.id).limit(limit))]

    def copies_after(self, message: int, copy: int, limit: int) -> list[int]:
        """Ids of a message's copies in their order, those after `copy`."""
        query = select(copies.c.id).where(copies.c.message == message, copies.c.id > copy)
        with self._database.read() as connection:
            return [row[0] for row in connection.execute(query.order_by(copies.c.id).limit(limit))]

    def copies_by_message_id(self, texts: Iterable[str]) -> list[Copy]:
        """The copies known under any of these Message-IDs (angle brackets or not), our own or other servers'."""
        wanted = [text.strip().strip("<>") for text in texts]
        found: dict[int, Copy] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                by_message = select(messages.c.id).where(messages.c.message_id.in_(some))
                alias = select(message_aliases.c.message).where(
                    message_aliases.c.message_id_text.in_(some), message_aliases.c.copy == 0
                )
                by_copy = select(message_aliases.c.copy).where(message_aliases.c.message_id_text.in_(some))
                query = select(*COPY_COLUMNS).where(
                    or_(copies.c.message.in_(by_message), copies.c.message.in_(alias), copies.c.id.in_(by_copy))
                )
                found.update({row.id: as_struct(Copy, row) for row in connection.execute(query)})
        return list(found.values())

    def copies_to(self, address: str, since: int = 0, limit: int | None = None) -> list[Copy]:
        """Copies to one recipient of messages made at or after `since`, newest first; at most `limit`."""
        query = (
            select(*COPY_COLUMNS)
            .join(messages, messages.c.id == copies.c.message)
            .where(copies.c.address == lookup_key(address), messages.c.created_at >= since)
            .order_by(messages.c.created_at.desc(), copies.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [as_struct(Copy, row) for row in connection.execute(query)]

    def page(self, user: int | None = None, before: int | None = None, limit: int = 50) -> list[Message]:
        """Single messages newest first, of one user or all; `before` is the id of the last one of the page before."""
        query = (
            select(messages)
            .where(messages.c.via != Via.CAMPAIGN.value)
            .order_by(messages.c.created_at.desc(), messages.c.id.desc())
            .limit(limit)
        )
        if user is not None:
            query = query.where(messages.c.user == user)
        with self._database.read() as connection:
            if before is not None:
                at = connection.execute(select(messages.c.created_at).where(messages.c.id == before)).scalar()
                if at is None:
                    return []
                older = and_(messages.c.created_at == at, messages.c.id < before)
                query = query.where(or_(messages.c.created_at < at, older))
            return [as_struct(Message, row) for row in connection.execute(query)]

    def in_order(self, user: int | None = None, after: int = 0, limit: int = 50) -> list[Message]:
        """All messages, campaigns' too, of one user or all, in the order of their ids: those above `after`."""
        query = select(messages).where(messages.c.id > after).order_by(messages.c.id).limit(limit)
        if user is not None:
            query = query.where(messages.c.user == user)
        with self._database.read() as connection:
            return [as_struct(Message, row) for row in connection.execute(query)]

    def in_parts(self, user: int | None, size: int) -> Iterator[list[Message]]:
        """All of `in_order`, so many at a time."""
        return after_last(lambda after: self.in_order(user, after, size))

    def find(self, query: str, limit: int = 100) -> list[int]:
        """Ids of the messages with this Message-ID, to this address, or single ones from it; newest first."""
        text = query.strip().strip("<>")
        address = lookup_key(text)
        wanted = union(
            select(messages.c.id).where(messages.c.message_id == text),
            select(message_aliases.c.message).where(message_aliases.c.message_id_text == text),
            select(copies.c.message).where(copies.c.address == address),
            select(messages.c.id).where(func.lower(messages.c.sender) == address, messages.c.via != Via.CAMPAIGN.value),
        ).subquery()
        found = select(messages.c.id).join(wanted, wanted.c.id == messages.c.id)
        found = found.order_by(messages.c.created_at.desc(), messages.c.id).limit(limit)
        with self._database.read() as connection:
            return [row[0] for row in connection.execute(found)]

    def activity(self, message: int) -> dict[int, Activity]:
        """The projection of every copy of a message that has any, by copy."""
        with self._database.read() as connection:
            query = select(*_ACTIVITY).where(copy_activity.c.message == message)
            return {row.copy: as_struct(Activity, row) for row in connection.execute(query)}

    def activity_of(self, wanted: Iterable[int]) -> dict[int, Activity]:
        """The projection of those of these copies that have any, by copy."""
        found: dict[int, Activity] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                for row in connection.execute(select(*_ACTIVITY).where(copy_activity.c.copy.in_(some))):
                    found[row.copy] = as_struct(Activity, row)
        return found

    def link_activity(self, message: int) -> dict[int, LinkActivity]:
        """The projection of a message's links that have any, by position."""
        with self._database.read() as connection:
            query = select(link_activity).where(link_activity.c.message == message)
            return {row.position: as_struct(LinkActivity, row) for row in connection.execute(query)}

    def totals(self, wanted: Iterable[int]) -> dict[int, MessageTotals]:
        """Totals over the copies of each of these messages."""
        found: dict[int, MessageTotals] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(*_totals()).select_from(
                    copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id)
                )
                query = query.where(copies.c.message.in_(some)).group_by(copies.c.message)
                found.update({row.message: as_struct(MessageTotals, row) for row in connection.execute(query)})
        return found

    def first_recipients(self, wanted: Iterable[int], most: int = 3) -> dict[int, tuple[str, ...]]:
        """The first few recipients of each of these messages."""
        number = func.row_number().over(partition_by=copies.c.message, order_by=(copies.c.address, copies.c.id))
        found: dict[int, tuple[str, ...]] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                ranked = select(copies.c.message, copies.c.recipient, number.label("number"))
                ranked_rows = ranked.where(copies.c.message.in_(some)).subquery()
                query = select(ranked_rows).where(ranked_rows.c.number <= most)
                for row in connection.execute(query.order_by(ranked_rows.c.message, ranked_rows.c.number)):
                    found[row.message] = (*found.get(row.message, ()), row.recipient)
        return found


def _totals() -> list[ColumnElement[Any]]:
    failed = or_(copies.c.status.in_(("rejected", "expired", "suppressed")), copy_activity.c.bounced_at.is_not(None))
    clicked = copy_activity.c.clicks > 0
    replied = copy_activity.c.replied_at.is_not(None)
    opened = or_(copy_activity.c.opens > 0, clicked, replied)

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    return [
        copies.c.message.label("message"),
        func.count(copies.c.id).label("copies"),
        count(copies.c.status.in_(("queued", "sending", "deferred"))).label("queued"),
        count(copies.c.status == "sent").label("sent"),
        count(failed).label("failed"),
        count(opened).label("opened"),
        count(clicked).label("clicked"),
        count(replied).label("replied"),
        func.max(copy_activity.c.last_open_at).label("last_open_at"),
    ]
