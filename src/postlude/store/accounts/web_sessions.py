"""Web sessions: seen, listed, ended."""

from sqlalchemy import delete, select

from postlude.store.accounts.rows import WebSession
from postlude.store.accounts.tables import ended_sessions, web_sessions
from postlude.store.base import TopicQueries, as_struct, storable

_TEXTS = ("session", "address", "program", "how")


class WebSessionQueries(TopicQueries):
    """Sessions of the web app."""

    def see_session(self, seen: WebSession, unless_since: int) -> None:
        """Note that a session is used, unless it is noted since `unless_since`: a page must not cost a write."""
        with self._database.read() as connection:
            query = select(web_sessions.c.seen).where(web_sessions.c.session == storable(seen.session))
            known = connection.execute(query).scalar()
        if known is None or known < unless_since:
            self._put(seen)

    def _put(self, seen: WebSession) -> None:
        row = {name: getattr(seen, name) for name in WebSession.__struct_fields__}
        row |= {name: storable(row[name]) for name in _TEXTS}
        newer = {name: row[name] for name in ("seen", "address", "program")}
        statement = self._insert(web_sessions).values(row)
        with self._database.write() as connection:
            over = select(ended_sessions.c.at).where(ended_sessions.c.session == row["session"])
            if connection.execute(over).first() is None:  # it may have ended a moment ago
                connection.execute(statement.on_conflict_do_update(index_elements=["session"], set_=newer))

    def list_sessions(self, user_id: int, seen_since: int) -> list[WebSession]:
        """A user's sessions that were used since then, last used first."""
        query = select(web_sessions).where(web_sessions.c.user == user_id, web_sessions.c.seen >= seen_since)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(web_sessions.c.seen.desc(), web_sessions.c.session)).all()
        return [as_struct(WebSession, row) for row in rows]

    def end_session(self, session: str, at: int, forget_before: int) -> None:
        """Remember that a session is over; forget those that ended, or were last seen, before `forget_before`."""
        key = storable(session)
        with self._database.write() as connection:
            connection.execute(delete(ended_sessions).where(ended_sessions.c.at < forget_before))
            connection.execute(delete(web_sessions).where(web_sessions.c.seen < forget_before))
            connection.execute(delete(web_sessions).where(web_sessions.c.session == key))
            row = self._insert(ended_sessions).values(session=key, at=at)
            connection.execute(row.on_conflict_do_nothing())

    def session_ended(self, session: str) -> bool:
        """Whether this session was signed out."""
        with self._database.read() as connection:
            found = select(ended_sessions.c.at).where(ended_sessions.c.session == storable(session))
            return connection.execute(found).first() is not None
