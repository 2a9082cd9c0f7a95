"""Indeterminate copies are counted, found, and tried once more only when they have a time for it.

Revision ID: 0019_indeterminate_decided
Revises: 0018_purposes
"""

import sqlalchemy as sa
from alembic import op

revision = "0019_indeterminate_decided"
down_revision = "0018_purposes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("copies", sa.Column("indeterminate", sa.Integer(), nullable=False, server_default="0"))
    where = sa.text("status = 'indeterminate'")
    op.create_index("ix_copies_indeterminate", "copies", ["id"], sqlite_where=where, postgresql_where=where)
    op.execute("UPDATE copies SET next_attempt_at = NULL, indeterminate = 1 WHERE status = 'indeterminate'")
