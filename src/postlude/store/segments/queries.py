"""Segments: saved, found, changed, frozen, deleted."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from postlude.kit.ids import new_id
from postlude.model.errors import InputError, NotFoundError
from postlude.segments.expression import Expression
from postlude.store.base import TopicQueries, as_struct, named, storable
from postlude.store.contacts.rows import Contact
from postlude.store.contacts.segment_query import chooses
from postlude.store.contacts.tables import contacts
from postlude.store.segments.rows import Segment
from postlude.store.segments.tables import segment_members, segments


class SegmentQueries(TopicQueries):
    """Saved segments. Expressions that are frozen or counted come settled, as `chooses` takes them."""

    def add(self, name: str, expression: Expression, at: int, user: int = 0) -> Segment:
        """Save one; InputError when the name is taken or empty."""
        shown = named(name, "segment")
        made = Segment(id=new_id(), name=shown, expression=expression, user=user, created_at=at, updated_at=at)
        row = msgspec.structs.asdict(made) | {"key": shown.lower(), "expression": msgspec.to_builtins(expression)}
        try:
            with self._database.write() as connection:
                connection.execute(segments.insert(), row)
        except IntegrityError as error:
            raise InputError(f"there is a segment {shown!r} already: change it, or choose another name") from error
        return made

    def change(
        self, segment: int, at: int, *, name: str | None = None, expression: Expression | None = None
    ) -> Segment:
        """Rename one or give it another expression, which ends its being frozen."""
        values: dict[str, Any] = {"updated_at": at}
        if name is not None:
            values |= {"name": named(name, "segment"), "key": named(name, "segment").lower()}
        if expression is not None:
            values |= {"expression": msgspec.to_builtins(expression), "frozen": False}
        try:
            with self._database.write() as connection:
                if not connection.execute(update(segments).where(segments.c.id == segment).values(**values)).rowcount:
                    raise _gone(segment)
                if expression is not None:
                    _forget_members(connection, segment)
        except IntegrityError as error:
            raise InputError(f"there is a segment {values['name']!r} already: choose another name") from error
        return self.get(segment)

    def freeze(self, segment: int, settled: Expression, at: int) -> int:
        """Keep who is chosen now; how many that are."""
        chosen = select(literal(segment), contacts.c.id).where(chooses(settled))
        with self._database.write() as connection:
            change = update(segments).where(segments.c.id == segment).values(frozen=True, updated_at=at)
            if not connection.execute(change).rowcount:
                raise _gone(segment)
            _forget_members(connection, segment)
            connection.execute(insert(segment_members).from_select(["segment", "contact"], chosen))
            kept = select(func.count()).where(segment_members.c.segment == segment)
            return int(connection.execute(kept).scalar_one())

    def thaw(self, segment: int, at: int) -> None:
        """Choose anew each time again."""
        with self._database.write() as connection:
            connection.execute(update(segments).where(segments.c.id == segment).values(frozen=False, updated_at=at))
            _forget_members(connection, segment)

    def delete(self, segment: int) -> bool:
        """Delete one; its contacts stay. False when there was none."""
        with self._database.write() as connection:
            _forget_members(connection, segment)
            return connection.execute(delete(segments).where(segments.c.id == segment)).rowcount > 0

    def get(self, segment: int) -> Segment:
        """One segment; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(segments).where(segments.c.id == segment)).first()
        if row is None:
            raise _gone(segment)
        return as_struct(Segment, row)

    def by_name(self, name: str) -> Segment | None:
        """The segment of this name, in any case of letters."""
        with self._database.read() as connection:
            row = connection.execute(select(segments).where(segments.c.key == storable(name.strip()).lower())).first()
        return None if row is None else as_struct(Segment, row)

    def every(self) -> list[Segment]:
        """Every segment, by name."""
        with self._database.read() as connection:
            return [as_struct(Segment, row) for row in connection.execute(select(segments).order_by(segments.c.key))]

    def page(self, settled: Expression, after: int = 0, limit: int = 1000) -> list[Contact]:
        """Contacts that an expression chooses, with an id above `after`, in the order of their ids."""
        query = select(contacts).where(contacts.c.id > after, chooses(settled)).order_by(contacts.c.id).limit(limit)
        with self._database.read() as connection:
            return [as_struct(Contact, row) for row in connection.execute(query)]

    def count(self, settled: Expression) -> int:
        """How many contacts an expression chooses, whether or not they may be mailed."""
        with self._database.read() as connection:
            return int(
                connection.execute(select(func.count()).select_from(contacts).where(chooses(settled))).scalar_one()
            )


def _forget_members(connection: Connection, segment: int) -> None:
    connection.execute(delete(segment_members).where(segment_members.c.segment == segment))


def _gone(segment: int) -> NotFoundError:
    return NotFoundError(f"no segment has the id {segment:016x}: look at `postlude segments list`")
