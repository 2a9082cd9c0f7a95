"""Wrong passwords and codes of the last hour.

Revision ID: 0036_guesses
Revises: 0035_passkeys
"""

import sqlalchemy as sa
from alembic import op

revision = "0036_guesses"
down_revision = "0035_passkeys"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "guesses",
        sa.Column("id", _BIG, primary_key=True, autoincrement=True),
        sa.Column("limit", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", _BIG, nullable=False),
    )
    op.create_index("ix_guesses_at", "guesses", ["at"])
