"""Finding contacts by a part of their address or name.

SQLite has an index of all three letters that follow each other (`contact_words`); what it finds is compared in full.
PostgreSQL's trigram index answers the comparison itself.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, FromClause, column, func, literal_column, or_, table

from postlude.store.base import storable
from postlude.store.contacts.shown_domains import address_holds
from postlude.store.contacts.tables import contacts
from postlude.store.engine import Database

MERGE_WORDS: Final = "INSERT INTO contact_words (contact_words) VALUES ('optimize')"
"""Take out of SQLite's index what was deleted from it."""
_WORDS: Final = table("contact_words", column("rowid"))
_GRAM: Final = 3
"""What the index knows is so long."""
_LOOKED_UP: Final = 16
"""So many groups of letters narrow enough; each more costs a look."""


class ContactSearch(NamedTuple):
    """The parts of a query."""

    source: FromClause
    conditions: list[ColumnElement[bool]]
    id: Any
    """The contact's id, as the column that the source is in the order of."""


def find_contacts(database: Database, search: str) -> ContactSearch:
    """Contacts that have `search` in address or name; all of them when it is empty."""
    text = storable(search.strip().lower())
    if not text:
        return ContactSearch(contacts, [], contacts.c.id)
    address = address_holds(database, contacts.c.address, text)
    holds = address if "@" in text else or_(address, func.lower(contacts.c.name).contains(text, autoescape=True))
    if not database.sqlite or len(text) < _GRAM or not text.isascii():
        return ContactSearch(contacts, [holds], contacts.c.id)
    indexed = _WORDS.join(contacts, contacts.c.id == _WORDS.c.rowid)
    matches = literal_column("contact_words").op("MATCH", is_comparison=True)(_groups(text))
    return ContactSearch(indexed, [matches, holds], _WORDS.c.rowid)


def _groups(text: str) -> str:
    """Every three letters of `text`, as FTS5 wants them: all must be there."""
    groups = dict.fromkeys(text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1))
    quoted = ('"' + group.replace('"', '""') + '"' for group in list(groups)[:_LOOKED_UP])
    return " AND ".join(quoted)
