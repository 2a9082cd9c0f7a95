"""Opens and clicks of each message by the hour and by program.

What was counted before is not in them: `postlude rebuild` makes them from the history.

Revision ID: 0026_message_facets
Revises: 0025_contact_search
"""

import sqlalchemy as sa
from alembic import op

revision = "0026_message_facets"
down_revision = "0025_contact_search"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = ("opens", "opens_unknown", "opens_machine", "clicks", "clicks_unknown", "clicks_machine")


def upgrade() -> None:
    for table, key in (
        ("message_hours", sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False)),
        ("message_clients", sa.Column("client", sa.Text(), nullable=False)),
    ):
        op.create_table(
            table,
            sa.Column("message", Big, autoincrement=False, nullable=False),
            key,
            *(sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in _COUNTS),
            sa.PrimaryKeyConstraint("message", key.name, name=f"pk_{table}"),
            sqlite_with_rowid=False,
        )
