"""Whether anything is in this state, and taking all of it out but the accounts."""

from typing import Final, Protocol

from sqlalchemy import Connection, Table, delete, func, select, text

from postlude.store.accounts.tables import app_passwords, ended_sessions, users
from postlude.store.base import TopicQueries
from postlude.store.campaigns.tables import campaigns
from postlude.store.columns import metadata
from postlude.store.contacts.search import MERGE_WORDS
from postlude.store.contacts.tables import contacts, engagement, engagement_due, lists
from postlude.store.engine import translated
from postlude.store.messages.tables import copy_state_changes, copy_states, mailbox_domains, messages
from postlude.store.settings import settings

_ACCOUNTS: Final = frozenset(table.name for table in (users, app_passwords, ended_sessions))
_COUNTS: Final = (copy_states, copy_state_changes, engagement, engagement_due)
"""Written while copies are deleted: they are emptied last."""
_STAYS: Final = _ACCOUNTS | {settings.name, mailbox_domains.name}
_MADE: Final = {"messages": messages, "contacts": contacts, "campaigns": campaigns, "lists": lists}
"""What people make or send."""


class KeepsSetting(Protocol):
    """Which settings stay."""

    def __call__(self, key: str, /) -> bool:
        """True for the key of one that stays."""
        ...


class Emptying(TopicQueries):
    """For an instance that holds an example."""

    def contents(self, since: int = 0) -> dict[str, int]:
        """How many messages, contacts, campaigns and lists were made after `since`; what there is none of is absent."""
        with self._database.read() as connection:
            found = {name: _count(connection, table, since) for name, table in _MADE.items()}
        return {name: number for name, number in found.items() if number}

    def empty(self, keeps: KeepsSetting) -> None:
        """Delete every row but accounts and the settings whose key is kept, in one transaction.

        The database's file holds nothing of them afterwards.
        """
        gone = [table for table in reversed(metadata.sorted_tables) if table.name not in _STAYS]
        gone = [*(table for table in gone if table not in _COUNTS), *_COUNTS]
        with self._database.write() as connection:
            if self._database.sqlite:
                for table in gone:
                    connection.execute(delete(table))
            else:
                connection.execute(text(f"TRUNCATE {', '.join(table.name for table in gone)}"))
            keys = [row[0] for row in connection.execute(select(settings.c.key))]
            unwanted = [key for key in keys if not keeps(key)]
            connection.execute(delete(settings).where(settings.c.key.in_(unwanted)))
        if self._database.sqlite:
            self._rewrite()

    def _rewrite(self) -> None:
        """SQLite keeps what was deleted in free pages and in its log until both are written anew."""
        with translated(self._database.engine), self._database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            for statement in (MERGE_WORDS, "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                driver.execute(statement).close()


def _count(connection: Connection, table: Table, since: int) -> int:
    query = select(func.count()).select_from(table).where(table.c.created_at > since)
    return int(connection.execute(query).scalar_one())
