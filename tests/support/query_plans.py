"""Looks at how SQLite answers each statement, and remembers those that read a whole large table.

Without statistics (the program never runs ANALYZE) a plan depends on the statement alone, so an empty test database
shows what a database of ten million copies would do.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Engine, event

LARGE: Final = frozenset(
    {
        "contacts",
        "consents",
        "contact_tags",
        "copies",
        "copy_activity",
        "copy_hours",
        "copy_states",
        "engagement",
        "links",
        "list_members",
        "message_aliases",
        "message_clients",
        "message_hours",
        "messages",
        "seen",
        "suppressions",
    }
)
"""Tables that grow with every mailing."""

# Statements that may read a whole large table, by how they begin, with the reason.
_ALLOWED: Final = (
    # Asked once by a person, a count over everybody: an audience, contacts with a word in them, suppressions by reason.
    "SELECT count(*) AS count_1 FROM (SELECT contacts.id AS id FROM contacts WHERE",
    "SELECT count(*) AS count_1 FROM contacts",
    "SELECT suppressions.reason, count(*) AS count_1 FROM suppressions",
    "SELECT list_members.list, list_members.status, count(*) AS count_1 FROM list_members GROUP BY",
    # Once, when all counts are made anew.
    "SELECT coalesce(sum(copy_states.copies)",
    # How many contacts are in each state: its index alone, which is in that order.
    "SELECT engagement.state, count(*) AS count_1 FROM engagement GROUP BY",
    # Once, when a person freezes a segment.
    "INSERT INTO segment_members (segment, contact) SELECT",
    # A person asks what somebody sent: one pass over messages, not over copies.
    "SELECT messages.id FROM messages JOIN (SELECT messages.id AS id",
    # Newest first through an index that is in that order, and no further than the page is long.
    "SELECT contacts.id, contacts.address, contacts.spelled",
    "SELECT messages.id, messages.user, messages.message_id",
    "SELECT suppressions.address, suppressions.reason",
    "SELECT suppressions.address FROM suppressions LIMIT",
    # A person searches for letters of another script: the domains that have some are looked through, once a search.
    "SELECT contacts.address FROM contacts WHERE contacts.address LIKE",
    "SELECT suppressions.address FROM suppressions WHERE suppressions.address LIKE",
    # Once an address is forgotten, which rewrites the whole database as well: what is said of others may name it.
    "SELECT suppressions.address, suppressions.evidence FROM suppressions WHERE suppressions.evidence REGEXP",
    # Once an import, when it ends.
    "DELETE FROM proofs WHERE proofs.id = ?",
)
_WHOLE: Final = frozenset({"DELETE FROM contacts", "DELETE FROM copies", "DELETE FROM copy_activity"})
"""An instance that holds an example is emptied; triggers see each row of these."""
_MIGRATIONS: Final = (  # once, when a database of an older version is opened
    "INSERT INTO withdrawals (address, opens, clicks, at, evidence) SELECT contacts.address",
    "INSERT INTO workers (id, journal, started_at) SELECT 1",
    "UPDATE copies SET next_attempt_at = 0 WHERE status IN",
    "UPDATE copies SET worker = 1 WHERE status",
    "UPDATE messages SET purpose = 'mailing' WHERE via",
    "UPDATE suppressions SET left_at = at WHERE reason",
    "INSERT INTO engagement (contact, state) SELECT id, 'new' FROM contacts",
    "INSERT INTO engagement_due (address) SELECT address FROM contacts",
    "INSERT INTO copy_states (message, provider, state, copies) SELECT c.message, coalesce((SELECT d.provider",
    "INSERT INTO copy_hours (copy, hour, position, opens, clicks) SELECT copy, first_",
    "INSERT INTO copy_hours (copy, hour, position, opens, clicks) SELECT copy, last_",
    "SELECT DISTINCT contacts.address FROM contacts WHERE contacts.address GLOB",
    "SELECT DISTINCT copies.address FROM copies WHERE copies.address GLOB",
    "SELECT DISTINCT suppressions.address FROM suppressions WHERE suppressions.address GLOB",
)

# An index of few rows is no table: reading all of it reads those few.
_SCAN: Final = re.compile(r"^SCAN (\w+)(?! USING (COVERING )?INDEX ix_copies_indeterminate)\b")
_EXPLAINED: Final = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", re.IGNORECASE)


class QueryPlans:
    """Statements seen so far, by text; full scans of large tables among them."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._as_written: set[str] = set()
        self.scans: dict[str, set[str]] = {}

    def look(self, connection: Any, statement: str, parameters: Any) -> None:
        """Explain `statement` on the driver's connection, once."""
        if statement in self._as_written:
            return
        self._as_written.add(statement)
        text = _normal(statement)
        if text in self.seen or not _EXPLAINED.match(text):
            return
        self.seen.add(text)
        rows = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        whole = {found[1] for row in rows if (found := _SCAN.match(row[3]))} & LARGE
        if whole:
            self.scans[text] = whole


def is_allowed(statement: str) -> bool:
    """Whether this statement may read a whole large table."""
    return statement in _WHOLE or statement.startswith(_ALLOWED + _MIGRATIONS)


@contextmanager
def watched(engine_class: type[Engine] = Engine) -> Iterator[QueryPlans]:
    """Every statement of every SQLite engine goes by the plans while this is open."""
    plans = QueryPlans()

    def before(conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if conn.dialect.name == "sqlite":
            first = parameters[0] if many and parameters else parameters
            plans.look(conn.connection.driver_connection, statement, first)

    event.listen(engine_class, "before_cursor_execute", before)
    try:
        yield plans
    finally:
        event.remove(engine_class, "before_cursor_execute", before)


def _normal(statement: str) -> str:
    """The text with lists of placeholders made one, so that each length is not a statement of its own."""
    return re.sub(r"\(\?(, \?)*\)", "(?)", " ".join(statement.split()))
