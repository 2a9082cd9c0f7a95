"""Passkeys of users.

Revision ID: 0035_passkeys
Revises: 0034_message_content
"""

import sqlalchemy as sa
from alembic import op

revision = "0035_passkeys"
down_revision = "0034_message_content"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user", _BIG, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False, server_default=""),
        sa.Column("created_at", _BIG, nullable=False),
        sa.Column("last_used_at", _BIG),
        sa.Column("signs", _BIG, nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name="fk_passkeys_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
    )
    op.create_index("ix_passkeys_user", "passkeys", ["user"])
