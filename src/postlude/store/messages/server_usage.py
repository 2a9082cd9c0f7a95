"""Usage of each mail server, by time slots."""

from collections.abc import Mapping

from sqlalchemy import delete, select

from postlude.store.base import TopicQueries
from postlude.store.messages.tables import transport_usage

_KEEP_SLOTS = 400  # beyond the longest window


class ServerUsage(TopicQueries):
    """Counts that several workers add to."""

    def add_usage(self, server: str, counts: Mapping[int, int], since: int) -> dict[int, int]:
        """Add copies by slot, durably; returns this server's usage since slot `since`, by all workers."""
        with self._database.write() as connection:
            if counts:
                insert = self._insert(transport_usage)
                more = {"copies": transport_usage.c.copies + insert.excluded.copies}
                statement = insert.on_conflict_do_update(index_elements=["server", "slot"], set_=more)
                rows = [{"server": server, "slot": slot, "copies": number} for slot, number in sorted(counts.items())]
                connection.execute(statement, rows)
                old = transport_usage.c.slot < since - _KEEP_SLOTS
                connection.execute(delete(transport_usage).where(transport_usage.c.server == server, old))
            query = select(transport_usage.c.slot, transport_usage.c.copies)
            mine = query.where(transport_usage.c.server == server, transport_usage.c.slot >= since)
            return {row.slot: row.copies for row in connection.execute(mine)}
