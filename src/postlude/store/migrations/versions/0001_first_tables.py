"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def big(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, Big, nullable=nullable)


def key(name: str) -> sa.Column[int]:
    return sa.Column(name, Big, nullable=False, autoincrement=False)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, autoincrement=False)


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def upgrade() -> None:
    op.create_table(
        "users",
        key("id"),
        text("address"),
        words("name"),
        sa.Column("senders", sa.JSON(), nullable=False),
        big("created_at"),
        primary("users", "id"),
        sa.UniqueConstraint("address", name="uq_users_address"),
    )
    op.create_table(
        "app_passwords",
        key("id"),
        big("user"),
        words("label"),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        big("created_at"),
        big("last_used_at", nullable=True),
        primary("app_passwords", "id"),
        sa.UniqueConstraint("hash", name="uq_app_passwords_hash"),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name="fk_app_passwords_user", ondelete="CASCADE"),
    )
    op.create_index("ix_app_passwords_user", "app_passwords", ["user"])
    op.create_table(
        "messages",
        key("id"),
        big("user"),
        words("message_id"),
        words("subject"),
        words("sender"),
        words("mail_from"),
        text("via"),
        big("created_at"),
        number("size"),
        flag("opens"),
        flag("clicks"),
        words("envid"),
        words("untracked"),
        primary("messages", "id"),
    )
    op.create_index("ix_messages_created_at_id", "messages", ["created_at", "id"])
    op.create_index("ix_messages_user_created_at", "messages", ["user", "created_at"])
    op.create_table(
        "links",
        key("message"),
        small("position"),
        text("url"),
        words("label"),
        flag("tracked"),
        words("reason"),
        primary("links", "message", "position"),
    )
    op.create_table(
        "copies",
        key("id"),
        big("message"),
        text("recipient"),
        text("address"),
        text("status"),
        number("attempts"),
        big("next_attempt_at", nullable=True),
        number("code"),
        words("enhanced"),
        words("text"),
        words("server"),
        words("remote_id"),
        big("sent_at", nullable=True),
        primary("copies", "id"),
    )
    op.create_index("ix_copies_message", "copies", ["message"])
    op.create_index("ix_copies_address", "copies", ["address"])
    op.create_index("ix_copies_status_next_attempt_at", "copies", ["status", "next_attempt_at"])
    op.create_table(
        "copy_activity",
        key("copy"),
        big("message"),
        number("opens"),
        number("opens_unknown"),
        number("opens_machine"),
        big("first_open_at", nullable=True),
        big("last_open_at", nullable=True),
        number("clicks"),
        number("clicks_unknown"),
        number("clicks_machine"),
        big("first_click_at", nullable=True),
        big("last_click_at", nullable=True),
        big("delivered_at", nullable=True),
        words("delivered_how"),
        big("bounced_at", nullable=True),
        words("bounce_reason"),
        big("complained_at", nullable=True),
        big("unsubscribed_at", nullable=True),
        big("replied_at", nullable=True),
        big("autoresponded_at", nullable=True),
        big("displayed_at", nullable=True),
        big("last_event_at", nullable=True),
        primary("copy_activity", "copy"),
    )
    op.create_index("ix_copy_activity_message", "copy_activity", ["message"])
    op.create_table(
        "link_activity",
        key("message"),
        small("position"),
        number("clicks"),
        number("clicks_unknown"),
        number("clicks_machine"),
        big("last_at", nullable=True),
        primary("link_activity", "message", "position"),
    )
    op.create_table(
        "message_aliases",
        text("message_id_text"),
        key("message"),
        sa.Column("copy", Big, nullable=False, autoincrement=False, server_default="0"),
        primary("message_aliases", "message_id_text", "message", "copy"),
    )
    op.create_table(
        "suppressions",
        text("address"),
        text("reason"),
        words("evidence"),
        big("copy", nullable=True),
        big("at"),
        primary("suppressions", "address"),
    )
    op.create_table(
        "settings", text("key"), sa.Column("value", sa.JSON(), nullable=False), primary("settings", "key")
    )
    op.create_table(
        "positions", small("writer"), small("segment"), key("offset"), primary("positions", "writer")
    )
    op.create_table(
        "unmatched",
        key("id"),
        big("at"),
        big("mail"),
        text("reason"),
        words("summary"),
        primary("unmatched", "id"),
    )
    op.create_index("ix_unmatched_at", "unmatched", ["at"])
    op.create_table(
        "set_aside",
        small("writer"),
        small("segment"),
        key("offset"),
        big("at"),
        text("reason"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        primary("set_aside", "writer", "segment", "offset"),
    )
    op.create_table("outcomes", text("name"), big("total"), primary("outcomes", "name"))
