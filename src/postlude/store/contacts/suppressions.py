"""Addresses that must not be mailed, and why."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, update

from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.store.base import TopicQueries, as_struct, chunks, insert_into, lookup_key, storable
from postlude.store.contacts.rows import Suppression
from postlude.store.contacts.shown_domains import address_holds
from postlude.store.contacts.tables import suppressions
from postlude.store.engine import Database

_PAGE = 5000


class SuppressionQueries(TopicQueries):
    """The suppression list."""

    def add(  # noqa: PLR0917 - plain data
        self, address: str, reason: str, evidence: str = "", copy: int | None = None, at: int = 0, by: str = ""
    ) -> bool:
        """End mail to this address, or mailings; False when that was so already: the first reason stays."""
        return self.add_all([Suppression(address, reason, evidence, copy, at, by)]) == 1

    def add_all(self, wanted: Iterable[Suppression]) -> int:
        """As `add` of each, in one transaction; for how many it ends more than was ended before."""
        rows = [suppression_row(one) for one in wanted]
        with self._database.write() as connection:
            return insert_suppressions(connection, rows)

    def remove(self, address: str) -> bool:
        """Take the reason away; False when it was not suppressed.

        Who had left mailings beside it is `unsubscribed` then: that wish is taken away by itself.
        """
        mine = suppressions.c.address == lookup_key(address)
        weaker = mine & suppressions.c.left_at.is_not(None) & (suppressions.c.reason != UNSUBSCRIBED)
        was = {"reason": UNSUBSCRIBED, "at": suppressions.c.left_at, "evidence": "", "by": "", "copy": None}
        with self._database.write() as connection:
            if connection.execute(update(suppressions).where(weaker).values(was)).rowcount:
                return True
            return connection.execute(delete(suppressions).where(mine)).rowcount > 0

    def contains(self, addresses: Iterable[str]) -> set[str]:
        """The suppressed ones among `addresses`, in their given spelling."""
        spelled: dict[str, set[str]] = {}
        for address in addresses:
            spelled.setdefault(lookup_key(address), set()).add(address)
        found: set[str] = set()
        with self._database.read() as connection:
            for some in chunks(spelled):
                query = select(suppressions.c.address).where(suppressions.c.address.in_(some))
                for row in connection.execute(query):
                    found |= spelled[row[0]]
        return found

    def get(self, address: str) -> Suppression | None:
        """Why an address is suppressed, None when it is not."""
        with self._database.read() as connection:
            query = select(suppressions).where(suppressions.c.address == lookup_key(address))
            row = connection.execute(query).first()
        return None if row is None else as_struct(Suppression, row)

    def latest(
        self, limit: int = 1000, *, search: str = "", reason: str = "", after: Suppression | None = None
    ) -> list[Suppression]:
        """The newest first, behind `after`; `search` is found in the address."""
        query = select(suppressions).where(*_chosen(self._database, search, reason))
        if after is not None:
            same = and_(suppressions.c.at == after.at, suppressions.c.address < after.address)
            query = query.where(or_(suppressions.c.at < after.at, same))
        query = query.order_by(suppressions.c.at.desc(), suppressions.c.address.desc()).limit(limit)
        with self._database.read() as connection:
            return [as_struct(Suppression, row) for row in connection.execute(query)]

    def every(self) -> Iterator[Suppression]:
        """All of them, read in pages, whatever their number."""
        page: Sequence[Suppression] = ()
        while True:
            page = self.latest(_PAGE, after=page[-1] if page else None)
            yield from page
            if len(page) < _PAGE:
                return

    def count(self, search: str = "") -> dict[str, int]:
        """How many there are, by reason."""
        query = (
            select(suppressions.c.reason, func.count())
            .where(*_chosen(self._database, search, ""))
            .group_by(suppressions.c.reason)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.order_by(suppressions.c.reason))}


def _chosen(database: Database, search: str, reason: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if search.strip():
        found.append(address_holds(database, suppressions.c.address, search))
    if reason:
        found.append(suppressions.c.reason == reason)
    return found


def suppression_row(one: Suppression) -> dict[str, Any]:
    """The columns of `suppressions`."""
    return {
        "address": lookup_key(one.address),
        "reason": storable(one.reason),
        "evidence": storable(one.evidence),
        "copy": one.copy,
        "at": one.at,
        "by": storable(one.by),
        "left_at": one.at if one.reason == UNSUBSCRIBED else one.left_at,
    }


def insert_suppressions(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Write rows of `suppression_row`; how many of them end more than was ended before.

    The first reason stays, but for one that ends mailings alone: whatever ends everything takes its place, and when
    mailings were left is kept beside it.
    """
    if not rows:
        return 0
    insert = insert_into(connection.dialect, suppressions)
    stronger = and_(suppressions.c.reason == UNSUBSCRIBED, insert.excluded.reason != UNSUBSCRIBED)
    change: dict[str, Any] = {
        name: case((stronger, insert.excluded[name]), else_=suppressions.c[name])
        for name in ("reason", "evidence", "copy", "at", "by")
    }
    change["left_at"] = func.coalesce(suppressions.c.left_at, insert.excluded.left_at)
    left = and_(suppressions.c.left_at.is_(None), insert.excluded.left_at.is_not(None))
    statement = insert.on_conflict_do_update(index_elements=["address"], set_=change, where=or_(stronger, left))
    return connection.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount


def let_back(connection: Connection, address: str, at: int) -> None:
    """The owner of `address` (as `lookup_key` has it) wants mailings again, said at `at`: an older wish is over."""
    mine = suppressions.c.address == address, suppressions.c.left_at <= at
    connection.execute(delete(suppressions).where(*mine, suppressions.c.reason == UNSUBSCRIBED))
    connection.execute(update(suppressions).where(*mine).values(left_at=None))
