"""Contacts, lists, tags, consent, jobs; a copy knows its contact and list; who suppressed an address.

Revision ID: 0003_contacts
Revises: 0002_workers
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_contacts"
down_revision = "0002_workers"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def big(name: str, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, Big, nullable=nullable)


def key(name: str) -> sa.Column[int]:
    return sa.Column(name, Big, nullable=False, autoincrement=False)


def number(name: str) -> sa.Column[int]:
    return sa.Column(name, Big, nullable=False, server_default="0")


def words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def primary(table: str, *names: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*names, name=f"pk_{table}")


def unique(table: str, name: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(name, name=f"uq_{table}_{name}")


def upgrade() -> None:
    op.create_table(
        "contacts",
        key("id"),
        text("address"),
        text("spelled"),
        words("name"),
        json("fields"),
        words("time_zone"),
        words("source"),
        words("mail_consent"),
        words("opens_consent"),
        words("clicks_consent"),
        big("created_at", nullable=False),
        big("updated_at", nullable=False),
        big("job"),
        primary("contacts", "id"),
        unique("contacts", "address"),
    )
    op.create_table("contact_fields", text("name"), primary("contact_fields", "name"))
    op.create_table(
        "lists",
        key("id"),
        text("name"),
        text("key"),
        words("description"),
        flag("double_optin"),
        flag("public"),
        words("consent_text"),
        words("sender"),
        big("created_at", nullable=False),
        primary("lists", "id"),
        unique("lists", "key"),
    )
    op.create_table(
        "list_members",
        key("list"),
        key("contact"),
        text("status"),
        words("source"),
        big("asked_at"),
        big("subscribed_at"),
        big("unsubscribed_at"),
        big("copy"),
        primary("list_members", "list", "contact"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_list_members_contact", "list_members", ["contact"])
    op.create_table("tags", key("id"), text("name"), text("key"), primary("tags", "id"), unique("tags", "key"))
    op.create_table(
        "contact_tags", key("tag"), key("contact"), primary("contact_tags", "tag", "contact"), sqlite_with_rowid=False
    )
    op.create_index("ix_contact_tags_contact", "contact_tags", ["contact"])
    op.create_table(
        "proofs",
        key("id"),
        big("at", nullable=False),
        text("how"),
        words("source"),
        words("text"),
        words("evidence"),
        words("by"),
        primary("proofs", "id"),
    )
    op.create_table(
        "consents",
        key("contact"),
        text("purpose"),
        key("at"),
        text("state"),
        big("proof", nullable=False),
        primary("consents", "contact", "purpose", "at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "jobs",
        key("id"),
        text("kind"),
        text("title"),
        text("status"),
        words("wanted"),
        words("owner"),
        words("by"),
        words("unit"),
        number("total"),
        number("done"),
        json("options"),
        json("position"),
        json("counts"),
        words("error"),
        big("created_at", nullable=False),
        big("started_at"),
        big("beat_at"),
        big("finished_at"),
        primary("jobs", "id"),
    )
    op.create_index("ix_jobs_status_created_at", "jobs", ["status", "created_at"])
    op.create_index("ix_jobs_created_at_id", "jobs", ["created_at", "id"])
    op.create_table(
        "job_errors",
        key("job"),
        key("line"),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        words("column"),
        words("value"),
        text("reason"),
        words("remedy"),
        primary("job_errors", "job", "line", "number"),
        sqlite_with_rowid=False,
    )
    op.add_column("copies", big("contact"))
    op.add_column("copies", big("list"))
    op.add_column("suppressions", words("by"))
    op.create_index("ix_suppressions_at_address", "suppressions", ["at", "address"])
