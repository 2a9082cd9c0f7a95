"""Findings and calls without effect yet: unmatched, repeated, or waiting."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Text, cast, delete, func, or_, select, update

from postlude.model.errors import NotFoundError
from postlude.model.named_address import may_name_pattern, names_address
from postlude.store.base import TopicQueries, as_struct, chunks, lookup_key
from postlude.store.feedback.rows import QuarantinedRecord, Unmatched
from postlude.store.feedback.tables import quarantined, unmatched


class FeedbackQueries(TopicQueries):
    """The queue a person works on, and what the digest asks before it counts."""

    def list_unmatched(self, limit: int = 100, state: str = "open", after: Unmatched | None = None) -> list[Unmatched]:
        """Unmatched findings, newest first; those in one state, or all for ''.

        `after`: only findings after this one in that order, whatever has been decided since.
        """
        at, key = unmatched.c.at, unmatched.c.id
        query = select(unmatched).order_by(at.desc(), key).limit(limit)
        if state:
            query = query.where(unmatched.c.state == state)
        if after:
            query = query.where(at <= after.at, or_(at < after.at, key > after.id))
        with self._database.read() as connection:
            return [as_struct(Unmatched, row) for row in connection.execute(query)]

    def wishes_to_leave(self, address: str) -> list[Unmatched]:
        """Answers from this address that ask to be taken off and wait for a decision, oldest first."""
        mine = unmatched.c.address == lookup_key(address), unmatched.c.state == "open"
        with self._database.read() as connection:
            query = select(unmatched).where(*mine).order_by(unmatched.c.at)
            return [as_struct(Unmatched, row) for row in connection.execute(query)]

    def unmatched(self, id: int) -> Unmatched:  # noqa: A002 - the row's word for it
        """One of them; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(unmatched).where(unmatched.c.id == id)).first()
        if row is None:
            raise NotFoundError(
                f"there is no unmatched mail with the id {id:016x}; `postlude feedback unmatched` lists them"
            )
        return as_struct(Unmatched, row)

    def about(self, address: str, wanted: Collection[int]) -> list[Unmatched]:
        """Findings that contain an address, or are linked to one of these copies, oldest first."""
        found: dict[int, Unmatched] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(unmatched).where(may_name(address))):
                one = as_struct(Unmatched, row)
                if does_name(one, address):
                    found[one.id] = one
            for some in chunks(wanted):
                for row in connection.execute(select(unmatched).where(unmatched.c.copy.in_(some))):
                    found[row.id] = as_struct(Unmatched, row)
        return sorted(found.values(), key=lambda one: one.at)

    def forget_before(self, at: int) -> None:
        """Delete what came in before `at`: questions, decided or not, and what was quarantined.

        A wish to be taken off that waits stays, without what was written: it is all that keeps mailings away.
        """
        wish = unmatched.c.address.is_not(None) & (unmatched.c.state == "open")
        kept = {"summary": "asks to be taken off", "facts": {}}
        with self._database.write() as connection:
            connection.execute(update(unmatched).where(unmatched.c.at < at, wish).values(kept))
            connection.execute(delete(unmatched).where(unmatched.c.at < at, ~wish))
            connection.execute(delete(quarantined).where(quarantined.c.at < at))

    def asked_about(self, mails: Collection[int]) -> dict[int, int]:
        """Which of these mails something open is about, and since when."""
        found: dict[int, int] = {}
        with self._database.read() as connection:
            for some in chunks(mails):
                query = select(unmatched.c.mail, func.max(unmatched.c.at)).group_by(unmatched.c.mail)
                query = query.where(unmatched.c.state == "open", unmatched.c.mail.in_(some))
                found.update((mail, at) for mail, at in connection.execute(query))
        return found

    def count_unmatched(self) -> int:
        """How many wait for a person."""
        with self._database.read() as connection:
            query = select(func.count()).select_from(unmatched).where(unmatched.c.state == "open")
            return int(connection.execute(query).scalar_one())

    def waiting(self, limit: int = 100) -> list[QuarantinedRecord]:
        """Quarantined records that may be digested once something comes, oldest first."""
        with self._database.read() as connection:
            query = select(quarantined).where(quarantined.c.waiting).order_by(quarantined.c.at, quarantined.c.offset)
            return [as_struct(QuarantinedRecord, row) for row in connection.execute(query.limit(limit))]

    def forget_quarantined(self, one: QuarantinedRecord) -> None:
        """Delete a record that was processed."""
        columns = quarantined.c
        place = columns.writer == one.writer, columns.segment == one.segment, columns.offset == one.offset
        with self._database.write() as connection:
            connection.execute(delete(quarantined).where(*place))

    def list_quarantined(self, limit: int = 100) -> list[QuarantinedRecord]:
        """Journal records that could not be digested, newest first."""
        with self._database.read() as connection:
            query = select(quarantined).order_by(quarantined.c.at.desc(), quarantined.c.offset).limit(limit)
            return [as_struct(QuarantinedRecord, row) for row in connection.execute(query)]


def may_name(address: str) -> ColumnElement[bool]:
    """Condition on `unmatched`: a finding that may name the address; `does_name` tells whether it does."""
    texts = (unmatched.c.summary, cast(unmatched.c.facts, Text))
    return or_(*(text.regexp_match(may_name_pattern(address)) for text in texts))


def does_name(one: Unmatched, address: str) -> bool:
    """Whether a finding names the address, and not one that only ends like it."""
    return any(names_address(text, address) for text in (one.summary, *one.facts.values()))
