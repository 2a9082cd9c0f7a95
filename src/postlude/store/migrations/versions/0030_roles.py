"""Roles of users: the first one owns the instance, those of before go on as members.

Revision ID: 0030_roles
Revises: 0029_credentials
"""

import sqlalchemy as sa
from alembic import op

revision = "0030_roles"
down_revision = "0029_credentials"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("role", sa.Text(), nullable=False, server_default="member"))
    # The first user who can sign in: the one that links of the server are printed for.
    op.execute(
        "UPDATE users SET role = 'owner' WHERE id = "
        "(SELECT id FROM users ORDER BY disabled_at IS NOT NULL, created_at, id LIMIT 1)"
    )
