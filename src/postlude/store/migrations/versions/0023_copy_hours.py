"""Opens and clicks of people by the hour.

Of earlier mail only the first and the last time and the sums are known here: what lies between stands at the first,
clicks without their link.

Revision ID: 0023_copy_hours
Revises: 0022_notices
"""

import sqlalchemy as sa
from alembic import op

revision = "0023_copy_hours"
down_revision = "0022_notices"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NO_LINK = -2

_FIRST = """
INSERT INTO copy_hours (copy, hour, position, opens, clicks)
SELECT copy, first_{what}_at / 3600000000, {position}, {opens}, {clicks} FROM copy_activity
WHERE {what}s > 0 AND first_{what}_at IS NOT NULL
"""
_LAST = """
INSERT INTO copy_hours (copy, hour, position, opens, clicks)
SELECT copy, last_{what}_at / 3600000000, {position}, {opens}, {clicks} FROM copy_activity
WHERE {what}s > 1 AND last_{what}_at / 3600000000 > first_{what}_at / 3600000000
"""


def upgrade() -> None:
    op.create_table(
        "copy_hours",
        sa.Column("copy", Big, autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("clicks", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("copy", "hour", "position", name="pk_copy_hours"),
        sqlite_with_rowid=False,
    )
    for what, position in (("open", -1), ("click", _NO_LINK)):
        later = f"CASE WHEN last_{what}_at / 3600000000 > first_{what}_at / 3600000000 THEN 1 ELSE 0 END"
        first, last = f"{what}s - ({later})", "1"
        for statement, count in ((_FIRST, first), (_LAST, last)):
            opens, clicks = (count, "0") if what == "open" else ("0", count)
            op.execute(statement.format(what=what, position=position, opens=opens, clicks=clicks))
    op.create_index("ix_copy_hours_hour", "copy_hours", ["hour"])
    where = sa.text("replied_at IS NOT NULL")
    op.create_index(
        "ix_copy_activity_replied_at", "copy_activity", ["replied_at"], sqlite_where=where, postgresql_where=where
    )
