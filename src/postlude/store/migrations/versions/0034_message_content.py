"""What was found by looking at each message, what it is about, and the rules that tell.

Revision ID: 0034_message_content
Revises: 0033_api
"""

import sqlalchemy as sa
from alembic import op

revision = "0034_message_content"
down_revision = "0033_api"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "message_content",
        sa.Column("message", Big, autoincrement=False, nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in ("words", "links", "images")),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("designed", "question", "emoji", "personalised")),
        sa.Column("attachments", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("message", name="pk_message_content"),
    )
    op.create_table(
        "message_topics",
        sa.Column("message", Big, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("rule", Big, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("message", "key", name="pk_message_topics"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_message_topics_key_message", "message_topics", ["key", "message"])
    op.create_table(
        "topic_rules",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("user", Big, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("topic", "part", "holds")),
        sa.PrimaryKeyConstraint("id", name="pk_topic_rules"),
    )
    op.create_index("ix_topic_rules_user", "topic_rules", ["user"])
