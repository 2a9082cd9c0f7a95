"""Passwords, second steps and listed sessions of the web app.

Revision ID: 0029_credentials
Revises: 0028_engagement
"""

import sqlalchemy as sa
from alembic import op

revision = "0029_credentials"
down_revision = "0028_engagement"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def _user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user"], ["users.id"], name=f"fk_{table}_user", ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("user", Big, autoincrement=False, nullable=False),
        _words("password"),
        sa.Column("password_at", Big),
        sa.Column("totp", sa.LargeBinary()),
        sa.Column("totp_offered", sa.LargeBinary()),
        sa.Column("totp_step", Big, nullable=False, server_default="0"),
        sa.Column("recovery", sa.JSON(), nullable=False),
        _user("credentials"),
        sa.PrimaryKeyConstraint("user", name="pk_credentials"),
    )
    op.create_table(
        "web_sessions",
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("user", Big, nullable=False),
        sa.Column("began", Big, nullable=False),
        sa.Column("seen", Big, nullable=False),
        _words("address"),
        _words("program"),
        _words("how"),
        _user("web_sessions"),
        sa.PrimaryKeyConstraint("session", name="pk_web_sessions"),
    )
    op.create_index("ix_web_sessions_user", "web_sessions", ["user"])
    op.create_index("ix_web_sessions_seen", "web_sessions", ["seen"])
