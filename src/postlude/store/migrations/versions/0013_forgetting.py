"""What stays of a forgotten address: a keyed hash with what it did not want.

Revision ID: 0013_forgetting
Revises: 0012_found_by_index
"""

import sqlalchemy as sa
from alembic import op

revision = "0013_forgetting"
down_revision = "0012_found_by_index"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "forgotten",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("opens", sa.Boolean(), nullable=False),
        sa.Column("clicks", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_forgotten"),
    )
    op.create_table(
        "forget_requests",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_forget_requests"),
    )
