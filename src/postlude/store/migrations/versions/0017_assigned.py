"""What a person assigned to a copy says so: its state was called "tied".

Revision ID: 0017_assigned
Revises: 0016_indeterminate
"""

from alembic import op

revision = "0017_assigned"
down_revision = "0016_indeterminate"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A table of what people decided by hand, and deleted again after some months: thousands of rows.
    op.execute("UPDATE unmatched SET state = 'assigned' WHERE state = 'tied'")
