"""Keys of the HTTP API, and names under which a call may be repeated.

Revision ID: 0033_api
Revises: 0032_identities
"""

import sqlalchemy as sa
from alembic import op

revision = "0033_api"
down_revision = "0032_identities"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("user", Big, nullable=False),
        sa.Column("label", sa.Text(), nullable=False, server_default=""),
        sa.Column("start", sa.Text(), nullable=False, server_default=""),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("senders", sa.JSON(), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("last_used_at", Big),
        sa.Column("ends_at", Big),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name="fk_api_keys_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    op.create_index("ix_api_keys_user", "api_keys", ["user"])
    op.create_table(
        "idempotency_keys",
        sa.Column("user", Big, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("message", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("answer", sa.JSON()),
        sa.PrimaryKeyConstraint("user", "name", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_at", "idempotency_keys", ["at"])
