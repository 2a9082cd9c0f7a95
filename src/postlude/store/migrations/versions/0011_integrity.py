"""Whether the stores agree: labels of journals, results that came early, incidents, the generation.

Revision ID: 0011_integrity
Revises: 0010_tracking_history
"""

import sqlalchemy as sa
from alembic import op

revision = "0011_integrity"
down_revision = "0010_tracking_history"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("positions", sa.Column("generation", Big, nullable=False, server_default="0"))
    op.add_column("messages", sa.Column("checksum", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "journal_labels",
        sa.Column("writer", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("segment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("writer", "segment", "key", name="pk_journal_labels"),
    )
    op.create_table(
        "early_results",
        sa.Column("copy", Big, autoincrement=False, nullable=False),
        sa.Column("message", Big, nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("copy", name="pk_early_results"),
    )
    op.create_index("ix_early_results_message", "early_results", ["message"])
    op.create_table(
        "incidents",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False, server_default=""),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("seen_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_incidents"),
    )
    op.create_index("ix_incidents_seen_at_at", "incidents", ["seen_at", "at"])
