"""A copy's latest hits beside its projection; events and corrections in their order.

Revision ID: 0021_windows_and_feed
Revises: 0020_segments
"""

import sqlalchemy as sa
from alembic import op

revision = "0021_windows_and_feed"
down_revision = "0020_segments"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("copy_activity", sa.Column("hits", sa.LargeBinary))
    op.create_table(
        "feed",
        sa.Column("first", Big, primary_key=True, autoincrement=False),
        sa.Column("workspace", sa.Integer, nullable=False, server_default="1"),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
