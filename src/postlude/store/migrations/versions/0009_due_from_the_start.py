"""Waiting copies of single mails say when they are due, so that an index has them in order.

Revision ID: 0009_due_from_the_start
Revises: 0008_job_runs
"""

from alembic import op

revision = "0009_due_from_the_start"
down_revision = "0008_job_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE copies SET next_attempt_at = 0 WHERE status IN ('queued', 'sending') AND next_attempt_at IS NULL")
