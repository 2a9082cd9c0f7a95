"""Claims belong to a worker; copies of campaigns.

Revision ID: 0002_workers
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_workers"
down_revision = "0001"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", Big, nullable=False, autoincrement=False),
        sa.Column("journal", sa.Text(), nullable=False),
        sa.Column("started_at", Big, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
    op.create_index("ix_workers_journal", "workers", ["journal"])
    op.add_column("copies", sa.Column("campaign", Big, nullable=False, server_default="0"))
    op.add_column("copies", sa.Column("worker", Big, nullable=True))
    op.drop_index("ix_copies_status_next_attempt_at", "copies")
    op.create_index("ix_copies_campaign_status_next_attempt_at", "copies", ["campaign", "status", "next_attempt_at"])
    op.create_index("ix_copies_worker", "copies", ["worker"])
    # Until now there was one worker, in the app: what it was sending when it ended is its own.
    left = "WHERE EXISTS (SELECT 1 FROM copies WHERE status = 'sending')"
    op.execute(f"INSERT INTO workers (id, journal, started_at) SELECT 1, 'app', 0 {left}")
    op.execute("UPDATE copies SET worker = 1 WHERE status = 'sending'")
