"""What could not be matched can be tied or dismissed; repeats are recognised; a record may wait for what is missing.

Revision ID: 0007_feedback
Revises: 0006_transport_usage
"""

import sqlalchemy as sa
from alembic import op

revision = "0007_feedback"
down_revision = "0006_transport_usage"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("unmatched") as table:
        table.add_column(sa.Column("kind", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("copy", Big, nullable=False, server_default="0"))
        table.add_column(sa.Column("door", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("facts", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("state", sa.Text(), nullable=False, server_default="open"))
        table.add_column(sa.Column("handled_at", Big, nullable=True))
        table.add_column(sa.Column("handled_by", Big, nullable=False, server_default="0"))
    with op.batch_alter_table("unmatched") as table:
        table.alter_column("facts", existing_type=sa.JSON(), existing_nullable=False, server_default=None)
    op.create_index("ix_unmatched_state_at", "unmatched", ["state", "at"])
    with op.batch_alter_table("set_aside") as table:
        table.add_column(sa.Column("waiting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_set_aside_waiting_at", "set_aside", ["waiting", "at"])
    op.create_table(
        "seen",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("record", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_seen"),
    )
