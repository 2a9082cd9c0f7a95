"""The audit log: who did what, when, from where.

Revision ID: 0031_audit_log
Revises: 0030_roles
"""

import sqlalchemy as sa
from alembic import op

revision = "0031_audit_log"
down_revision = "0030_roles"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", _BIG, primary_key=True, autoincrement=True),
        sa.Column("at", _BIG, nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False, server_default="")
            for name in ("who", "via", "origin", "act", "what", "outcome")
        ),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
