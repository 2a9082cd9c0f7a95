"""Addresses are looked up with their domain in A-labels: rows of other spellings get the key they are asked by.

A suppression or withdrawal of such an address would not be found otherwise, and its owner mailed or recorded.

Revision ID: 0015_addresses_in_a_labels
Revises: 0014_sender_rights
"""

import sqlalchemy as sa
from alembic import op

from postlude.model.domain_name import address_key

revision = "0015_addresses_in_a_labels"
down_revision = "0014_sender_rights"
branch_labels = None
depends_on = None

_UNIQUE = ("contacts", "suppressions", "withdrawals", "data_requests", "users", "forget_requests")
_SHARED = ("copies", "tracking_choices")


def upgrade() -> None:
    connection = op.get_bind()
    for name in (*_UNIQUE, *_SHARED):
        table = sa.table(name, sa.column("address", sa.Text()))
        for old in _spelled(connection, table):
            new = address_key(old)
            if new == old:
                continue
            there = sa.select(table.c.address).where(table.c.address == new)
            if name in _UNIQUE and connection.execute(there).first() is not None:
                continue  # the row of the key that is asked by was written later, and stands
            connection.execute(sa.update(table).where(table.c.address == old).values(address=new))


def _spelled(connection: sa.Connection, table: sa.TableClause) -> list[str]:
    """Addresses with a letter that is not ASCII, each once."""
    if connection.dialect.name == "sqlite":
        odd = table.c.address.op("GLOB")("*[^ -~]*")
    else:
        odd = table.c.address.op("~")("[^ -~]")
    return [row[0] for row in connection.execute(sa.select(table.c.address).where(odd).distinct())]
