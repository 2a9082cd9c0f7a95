"""Copies that were "unsure" are "indeterminate", and the records counted as "begun" are "attempt_started".

Revision ID: 0016_indeterminate
Revises: 0015_addresses_in_a_labels
"""

from alembic import op

revision = "0016_indeterminate"
down_revision = "0015_addresses_in_a_labels"
branch_labels = None
depends_on = None

# Copies have an index by campaign and status, none by status alone: each campaign is asked by itself, and the next one
# found with a look into that index. What this reads grows with the campaigns, not with the copies.
_COPIES = """
WITH RECURSIVE known(campaign) AS (
    SELECT min(campaign) FROM copies
    UNION ALL
    SELECT (SELECT min(copies.campaign) FROM copies WHERE copies.campaign > known.campaign)
    FROM known WHERE known.campaign IS NOT NULL
)
UPDATE copies SET status = 'indeterminate'
WHERE status = 'unsure' AND campaign IN (SELECT campaign FROM known WHERE campaign IS NOT NULL)
"""


def upgrade() -> None:
    op.execute(_COPIES)
    op.execute("UPDATE outcomes SET name = 'attempt_started' WHERE name = 'begun'")
