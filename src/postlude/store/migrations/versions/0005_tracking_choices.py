"""What recipients decided about tracking, and links that were changed after sending.

Revision ID: 0005_tracking_choices
Revises: 0004_campaigns
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_tracking_choices"
down_revision = "0004_campaigns"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("opens", sa.Boolean(), nullable=False),
        sa.Column("clicks", sa.Boolean(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False, server_default=""),
        sa.Column("copy", Big, nullable=True),
        sa.PrimaryKeyConstraint("address", name="pk_withdrawals"),
    )
    op.create_table(
        "link_changes",
        sa.Column("kind", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("scope", Big, nullable=False, autoincrement=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("kind", "scope", "position", name="pk_link_changes"),
    )
    op.create_table(
        "data_requests",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("copy", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("answered_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("address", name="pk_data_requests"),
    )
    op.create_index("ix_data_requests_answered_at", "data_requests", ["answered_at"])
