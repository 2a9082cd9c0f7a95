"""Whether the journal of a worker knows that it started.

Revision ID: 0027_worker_starts
Revises: 0026_message_facets
"""

import sqlalchemy as sa
from alembic import op

revision = "0027_worker_starts"
down_revision = "0026_message_facets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty for those that an older version began, then and later: it journals no start.
    op.add_column("workers", sa.Column("journal_state", sa.Text(), nullable=False, server_default=""))
