"""Messages are found by Message-ID through an index: each bounce and reply read all of them before.

Revision ID: 0012_found_by_index
Revises: 0011_integrity
"""

from alembic import op

revision = "0012_found_by_index"
down_revision = "0011_integrity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_messages_message_id", "messages", ["message_id"])
