"""Saved segments; what audiences asked of fields and of earlier mail is a segment's expression.

Revision ID: 0020_segments
Revises: 0019_indeterminate_decided
"""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020_segments"
down_revision = "0019_indeterminate_decided"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "segments",
        sa.Column("id", _BIG, autoincrement=False, nullable=False),
        sa.Column("workspace", _BIG, nullable=False, server_default="1"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("expression", sa.JSON(), nullable=False),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.Column("user", _BIG, nullable=False, server_default="0"),
        sa.Column("created_at", _BIG, nullable=False),
        sa.Column("updated_at", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.UniqueConstraint("key", name="uq_segments_key"),
    )
    op.create_table(
        "segment_members",
        sa.Column("segment", _BIG, autoincrement=False, nullable=False),
        sa.Column("contact", _BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("segment", "contact", name="pk_segment_members"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_segment_members_contact", "segment_members", ["contact"])
    connection = op.get_bind()
    table = sa.table("campaigns", sa.column("id", _BIG), sa.column("audience", sa.JSON()))
    variants = sa.table("campaign_variants", sa.column("campaign", _BIG), sa.column("message", _BIG))
    campaign_of = {row.message: row.campaign for row in connection.execute(sa.select(variants))}
    for row in connection.execute(sa.select(table)).all():
        audience = json.loads(row.audience) if isinstance(row.audience, str) else dict(row.audience)
        fields, conditions = audience.pop("fields", ()), audience.pop("conditions", ())
        parts = [
            {"type": "field", "name": one["name"], "is": "=", "value": one["value"], "custom": True} for one in fields
        ]
        parts += [_condition(one, campaign_of) for one in conditions]
        if parts:
            audience["segment"] = parts[0] if len(parts) == 1 else {"type": "and", "parts": parts}
        if fields or conditions:
            connection.execute(sa.update(table).where(table.c.id == row.id).values(audience=audience))


def _condition(asked: dict[str, Any], campaign_of: dict[int, int]) -> dict[str, Any]:
    did: dict[str, Any] = {"type": "did", "action": asked["did"]}
    if asked.get("since") is not None:
        did["since"] = datetime.fromtimestamp(asked["since"] / 1_000_000, UTC).isoformat()
    campaigns = sorted({campaign_of.get(message, 0) for message in asked.get("messages", ())})
    each = [did | {"campaign": {"id": one}} for one in campaigns] or [did]
    found = each[0] if len(each) == 1 else {"type": "or", "parts": each}
    return {"type": "not", "part": found} if asked.get("negate") else found
