"""When a job's present run began, and where: for its pace.

Revision ID: 0008_job_runs
Revises: 0007_feedback
"""

import sqlalchemy as sa
from alembic import op

revision = "0008_job_runs"
down_revision = "0007_feedback"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("run_at", Big, nullable=True))
    op.add_column("jobs", sa.Column("run_done", Big, nullable=False, server_default="0"))
