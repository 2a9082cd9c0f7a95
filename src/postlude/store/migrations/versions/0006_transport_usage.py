"""What each mail server was given, and what clients asked of delivery reports.

Revision ID: 0006_transport_usage
Revises: 0005_tracking_choices
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_transport_usage"
down_revision = "0005_tracking_choices"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "transport_usage",
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("slot", Big, nullable=False, autoincrement=False),
        sa.Column("copies", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("server", "slot", name="pk_transport_usage"),
    )
    op.add_column("messages", sa.Column("ret", sa.Text(), nullable=False, server_default=""))
    op.add_column("copies", sa.Column("notify", sa.Text(), nullable=False, server_default=""))
    op.add_column("copies", sa.Column("orcpt", sa.Text(), nullable=False, server_default=""))
    op.add_column("users", sa.Column("limits", sa.JSON(), nullable=True))
