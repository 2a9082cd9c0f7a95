"""Calls that may be repeated: which message a name stands for, and what was answered."""

from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select, update

from postlude.store.base import TopicQueries, as_struct
from postlude.store.messages.rows import Reservation
from postlude.store.messages.tables import idempotency_keys

_table: Final = idempotency_keys


class IdempotencyQueries(TopicQueries):
    """Reserves, answers and forgets names."""

    def reserve(self, wanted: Reservation, forget_before: int) -> Reservation:
        """What the name stands for: `wanted`, or what was reserved under it at `forget_before` or later."""
        row = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        with self._database.write() as connection:
            connection.execute(delete(_table).where(_table.c.at < forget_before))
            connection.execute(self._insert(_table).on_conflict_do_nothing(), row)
            return as_struct(Reservation, connection.execute(select(_table).where(_is(wanted))).one())

    def answered(self, reserved: Reservation, answer: dict[str, str]) -> None:
        """Keep what was answered."""
        with self._database.write() as connection:
            connection.execute(update(_table).where(_is(reserved)).values(answer=answer))

    def release(self, reserved: Reservation) -> None:
        """Forget the name: the message was refused."""
        with self._database.write() as connection:
            connection.execute(delete(_table).where(_is(reserved)))


def _is(reserved: Reservation) -> ColumnElement[Any]:
    return (_table.c.user == reserved.user) & (_table.c.name == reserved.name)
