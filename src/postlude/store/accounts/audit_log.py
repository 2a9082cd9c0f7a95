"""The audit log: acts are added, found and, when they are too old, deleted."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Connection, Select, delete, func, or_, select

from postlude.store.accounts.rows import AuditEntry
from postlude.store.accounts.tables import audit_log
from postlude.store.base import TopicQueries, as_struct, storable
from postlude.store.engine import write_along

_PAGE: Final = 1000
_TEXTS: Final = ("who", "via", "act", "what", "origin", "outcome")


class AuditSearch(NamedTuple):
    """Which acts are asked for; what is empty or 0 does not matter."""

    person: str = ""
    """A part of who did it, or of what it was done to."""
    act: str = ""
    """The beginning of the act: `user` finds `user role`."""
    since: int = 0
    until: int = 0


class AuditQueries(TopicQueries):
    """The audit log."""

    def add_audit(self, entry: AuditEntry) -> None:
        """Add an entry in a transaction of its own."""
        with self._database.write(alone=True) as connection:
            insert_audit(connection, entry)

    def audit_page(self, search: AuditSearch, most: int, before: int = 0) -> list[AuditEntry]:
        """Entries, newest first; `before`: only those with a smaller id."""
        query = _matching(search).order_by(audit_log.c.id.desc()).limit(most)
        if before:
            query = query.where(audit_log.c.id < before)
        with self._database.read() as connection:
            return [as_struct(AuditEntry, row) for row in connection.execute(query)]

    def every_audit(self, search: AuditSearch) -> Iterator[AuditEntry]:
        """All entries that match, newest first, read page by page."""
        before = 0
        while page := self.audit_page(search, _PAGE, before):
            yield from page
            before = page[-1].id

    def audit_acts(self) -> list[str]:
        """Every act that is in the log, by name."""
        with self._database.read() as connection:
            return list(connection.execute(select(audit_log.c.act).distinct().order_by(audit_log.c.act)).scalars())

    def forget_audit_before(self, at: int) -> int:
        """Delete what is older; how many."""
        with self._database.write() as connection:
            return connection.execute(delete(audit_log).where(audit_log.c.at < at)).rowcount


class DueAudit(Protocol):
    """Knows the entry that is to be written with the next transaction."""

    def __call__(self) -> AuditEntry | None:
        """The entry; None: nothing is to be written."""
        ...


def audit_along(due: DueAudit | None) -> None:
    """From now on, in this request or command alone, write what is due in every transaction that writes."""

    def write(connection: Connection) -> None:
        entry = due() if due is not None else None
        if entry is not None:
            insert_audit(connection, entry)

    write_along(write if due is not None else None)


def insert_audit(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry in a transaction that is open."""
    row: dict[str, object] = {name: storable(getattr(entry, name)) for name in _TEXTS}
    connection.execute(audit_log.insert().values(at=entry.at, **row))


def _matching(search: AuditSearch) -> Select[Any]:
    query = select(audit_log)
    if search.person.strip():
        wanted = storable(search.person.strip().lower())
        named = (func.lower(column).contains(wanted, autoescape=True) for column in (audit_log.c.who, audit_log.c.what))
        query = query.where(or_(*named))
    if search.act:
        query = query.where(audit_log.c.act.startswith(storable(search.act), autoescape=True))
    if search.since:
        query = query.where(audit_log.c.at >= search.since)
    if search.until:
        query = query.where(audit_log.c.at < search.until)
    return query
