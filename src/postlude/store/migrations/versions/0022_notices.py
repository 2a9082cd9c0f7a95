"""What was told of people's opens and clicks, and whether that was taken back.

Revision ID: 0022_notices
Revises: 0021_windows_and_feed
"""

import sqlalchemy as sa
from alembic import op

revision = "0022_notices"
down_revision = "0021_windows_and_feed"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("event", Big, primary_key=True, autoincrement=False),
        sa.Column("workspace", sa.Integer, nullable=False, server_default="1"),
        sa.Column("message", Big, nullable=False),
        sa.Column("copy", Big, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("shown_at", Big, nullable=False),
        sa.Column("taken_back_at", Big),
    )
    op.create_index("ix_notices_message_shown_at", "notices", ["message", "shown_at"])
