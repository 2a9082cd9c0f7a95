"""By which names services of single sign-on know users.

Revision ID: 0032_identities
Revises: 0031_audit_log
"""

import sqlalchemy as sa
from alembic import op

revision = "0032_identities"
down_revision = "0031_audit_log"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user", _BIG, nullable=False),
        sa.Column("at", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name="fk_identities_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identities"),
    )
    op.create_index("ix_identities_user", "identities", ["user"])
