"""Campaigns, their variants and files.

Revision ID: 0004_campaigns
Revises: 0003_contacts
"""

import sqlalchemy as sa
from alembic import op

revision = "0004_campaigns"
down_revision = "0003_contacts"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def key(name: str) -> sa.Column[int]:
    return sa.Column(name, Big, nullable=False, autoincrement=False)


def number(name: str, kind: sa.types.TypeEngine[int] = Big) -> sa.Column[int]:
    return sa.Column(name, kind, nullable=False, server_default="0")


def upgrade() -> None:
    op.create_table(
        "campaigns",
        key("id"),
        sa.Column("user", Big, nullable=False),
        text("name"),
        text("status"),
        words("problem"),
        words("sender"),
        words("reply_to"),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("created_at", Big, nullable=False),
        sa.Column("scheduled_at", Big, nullable=True),
        sa.Column("started_at", Big, nullable=True),
        sa.Column("finished_at", Big, nullable=True),
        number("expected", sa.Integer()),
        number("taken_up_to"),
        sa.Column("taken_in", sa.Boolean(), nullable=False),
        number("paced_to"),
        sa.Column("decide_at", Big, nullable=True),
        sa.Column("winner", Big, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
    )
    op.create_index("ix_campaigns_status", "campaigns", ["status"])
    op.create_table(
        "campaign_variants",
        key("campaign"),
        text("name"),
        sa.Column("message", Big, nullable=False),
        words("subject"),
        words("preheader"),
        words("html"),
        words("mjml"),
        words("text"),
        sa.PrimaryKeyConstraint("campaign", "name", name="pk_campaign_variants"),
        sa.UniqueConstraint("message", name="uq_campaign_variants_message"),
    )
    op.create_table(
        "campaign_files",
        key("id"),
        sa.Column("campaign", Big, nullable=False),
        text("name"),
        text("content_type"),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("hosted", sa.Boolean(), nullable=False),
        words("content_id"),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_files"),
    )
    op.create_index("ix_campaign_files_campaign", "campaign_files", ["campaign"])
