"""Every choice about tracking is kept, and what operators wrote down of contacts is one of them.

Revision ID: 0010_tracking_history
Revises: 0009_due_from_the_start
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_tracking_history"
down_revision = "0009_due_from_the_start"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tracking_choices",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("opens", sa.Boolean(), nullable=False),
        sa.Column("clicks", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("id", name="pk_tracking_choices"),
        sa.UniqueConstraint("address", "at", name="uq_tracking_choices_address_at"),
        sqlite_autoincrement=True,
    )
    # Withdrawn by an operator for a contact: until now single mail did not know of it.
    op.execute(
        """
        INSERT INTO withdrawals (address, opens, clicks, at, evidence)
        SELECT contacts.address, opens_consent = 'withdrawn', clicks_consent = 'withdrawn',
            coalesce((SELECT max(consents.at) FROM consents WHERE consents.contact = contacts.id
                AND consents.state = 'withdrawn' AND consents.purpose IN ('opens', 'clicks')), contacts.updated_at),
            'recorded for the contact'
        FROM contacts WHERE (opens_consent = 'withdrawn' OR clicks_consent = 'withdrawn')
        ON CONFLICT (address) DO UPDATE SET opens = withdrawals.opens OR excluded.opens,
            clicks = withdrawals.clicks OR excluded.clicks
        """
    )
    op.execute(
        "INSERT INTO tracking_choices (address, at, opens, clicks, evidence) "
        "SELECT address, at, opens, clicks, evidence FROM withdrawals"
    )
