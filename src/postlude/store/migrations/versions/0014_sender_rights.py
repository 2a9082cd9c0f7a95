"""Sessions end on the server, users can be disabled, and a list says who set its sender.

Revision ID: 0014_sender_rights
Revises: 0013_forgetting
"""

import sqlalchemy as sa
from alembic import op

revision = "0014_sender_rights"
down_revision = "0013_forgetting"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("users", sa.Column("sessions_from", Big))
    op.add_column("users", sa.Column("disabled_at", Big))
    op.add_column("lists", sa.Column("owner", Big, nullable=False, server_default="0"))
    op.create_table(
        "ended_sessions",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("session", name="pk_ended_sessions"),
    )
    op.create_index("ix_ended_sessions_at", "ended_sessions", ["at"])
