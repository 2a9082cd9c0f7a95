"""Every message has a purpose; leaving mailings is kept beside a stronger reason; a wish in an answer has its address.

Revision ID: 0018_purposes
Revises: 0017_assigned
"""

import sqlalchemy as sa
from alembic import op

revision = "0018_purposes"
down_revision = "0017_assigned"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("messages", sa.Column("purpose", sa.Text(), nullable=False, server_default="personal"))
    op.execute("UPDATE messages SET purpose = 'mailing' WHERE via = 'campaign'")
    op.add_column("app_passwords", sa.Column("purpose", sa.Text(), nullable=False, server_default=""))
    op.add_column("suppressions", sa.Column("left_at", Big))
    op.execute("UPDATE suppressions SET left_at = at WHERE reason = 'unsubscribed'")
    op.add_column("forgotten", sa.Column("left_at", Big))
    op.add_column("unmatched", sa.Column("address", sa.Text()))
    op.create_index("ix_unmatched_address", "unmatched", ["address"])
