"""Notices: what was told of people's opens and clicks."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import delete, select, update

from postlude.model.words import EventKind
from postlude.store.base import TopicQueries, as_struct, chunks
from postlude.store.digest.tables import notices
from postlude.store.settings import settings

_CURSOR: Final = "notices:cursor"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One open or click by a person, told once its verdict had stood for the time it is held."""

    event: int
    workspace: int = 1
    message: int
    copy: int
    kind: EventKind
    position: int
    at: int
    """When it was seen."""
    shown_at: int
    taken_back_at: int | None = None
    """When it turned out to be a machine's."""


class NoticeQueries(TopicQueries):
    """Written by the digest's thread alone."""

    def cursor(self) -> int | None:
        """The number in the feed that all is settled up to; None before the first time."""
        with self._database.read() as connection:
            row = connection.execute(select(settings.c.value).where(settings.c.key == _CURSOR)).first()
        return None if row is None else int(row[0])

    def write(self, shown: Sequence[Notice], taken_back: Sequence[int], cursor: int, at: int) -> None:
        """Show some, take some back, and keep the place in the feed: all or nothing. Shown twice is shown once."""
        with self._database.write() as connection:
            if shown:
                rows = [msgspec.to_builtins(one) for one in shown]
                connection.execute(self._insert(notices).on_conflict_do_nothing(), rows)
            for some in chunks(taken_back):
                mine = notices.c.event.in_(some), notices.c.taken_back_at.is_(None)
                connection.execute(update(notices).where(*mine).values(taken_back_at=at))
            place = self._insert(settings).values(key=_CURSOR, value=cursor)
            connection.execute(place.on_conflict_do_update(index_elements=["key"], set_={"value": cursor}))

    def latest(self, limit: int = 100, message: int | None = None) -> list[Notice]:
        """The newest notices, of one message or of all; those taken back as well."""
        query = select(notices).order_by(notices.c.shown_at.desc(), notices.c.event.desc()).limit(limit)
        if message is not None:
            query = query.where(notices.c.message == message)
        with self._database.read() as connection:
            return [as_struct(Notice, row) for row in connection.execute(query)]

    def forget_before(self, at: int) -> None:
        """Delete notices shown before `at`."""
        with self._database.write() as connection:
            connection.execute(delete(notices).where(notices.c.shown_at < at))
