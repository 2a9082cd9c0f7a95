"""Contacts are found by any three letters of address or name, without reading all of them.

Revision ID: 0025_contact_search
Revises: 0024_copy_states
"""

import sqlalchemy as sa
from alembic import op

revision = "0025_contact_search"
down_revision = "0024_copy_states"
branch_labels = None
depends_on = None

_TABLE = (
    "CREATE VIRTUAL TABLE contact_words USING "
    "fts5(address, name, content='contacts', content_rowid='id', tokenize='trigram', detail=none)"
)
_ADD = "INSERT INTO contact_words (rowid, address, name) VALUES (NEW.id, NEW.address, NEW.name)"
_TAKE = (
    "INSERT INTO contact_words (contact_words, rowid, address, name) VALUES ('delete', OLD.id, OLD.address, OLD.name)"
)
_OTHER = "OLD.address <> NEW.address OR OLD.name <> NEW.name"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(_TABLE)
        op.execute("INSERT INTO contact_words (contact_words) VALUES ('rebuild')")
        op.execute(f"CREATE TRIGGER words_insert AFTER INSERT ON contacts BEGIN {_ADD}; END")
        op.execute(f"CREATE TRIGGER words_delete AFTER DELETE ON contacts BEGIN {_TAKE}; END")
        changed = f"AFTER UPDATE OF address, name ON contacts WHEN {_OTHER}"
        op.execute(f"CREATE TRIGGER words_update {changed} BEGIN {_TAKE}; {_ADD}; END")
        return
    connection = op.get_bind()
    there = connection.execute(sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")).first()
    if there is None or not _made(connection):
        return  # a search reads every contact, as before
    op.execute("CREATE INDEX ix_contacts_address_trigram ON contacts USING gin (address gin_trgm_ops)")
    op.execute("CREATE INDEX ix_contacts_name_trigram ON contacts USING gin (lower(name) gin_trgm_ops)")


def _made(connection: sa.Connection) -> bool:
    """Whether the extension is there; its login may not be allowed to make it."""
    try:
        with connection.begin_nested():
            connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except sa.exc.DBAPIError:
        return False
    return True
