"""State and score of every contact, and what can be seen of every copy.

Triggers note whose mail changed, whoever changes it; the digest computes these contacts anew. Those that are there
are noted here, and computed while everything goes on.

Revision ID: 0028_engagement
Revises: 0027_worker_starts
"""

import sqlalchemy as sa
from alembic import op

revision = "0028_engagement"
down_revision = "0027_worker_starts"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_COUNTS = ("mails", "answered", "clicked", "opened", "perhaps")
_MOMENTS = ("last_mailed_at", "last_seen_at", "changes_at")
_NOTE = "INSERT INTO engagement_due (address)"
_TIMES = ("bounced_at", "replied_at", "first_open_at", "last_open_at", "first_click_at", "last_click_at")


def _tells(row: str) -> str:
    happened = " OR ".join(f"{row}.{name} IS NOT NULL" for name in ("bounced_at", "replied_at"))
    return f"{row}.opens > 0 OR {row}.clicks > 0 OR {row}.opens_unknown > 0 OR {happened}"


def _differs(name: str, sqlite: bool) -> str:
    return f"NEW.{name} {'IS NOT' if sqlite else 'IS DISTINCT FROM'} OLD.{name}"


def _left(row: str) -> str:
    return f"{row}.sent_at IS NOT NULL OR {row}.status IN ('rejected', 'expired')"


def _of_copy(row: str) -> str:
    return f"{_NOTE} SELECT c.address FROM copies c WHERE c.id = {row}.copy"


def _noted(row: str) -> str:
    return f"{_NOTE} VALUES ({row}.address)"


def _triggers(sqlite: bool) -> list[tuple[str, str, str, list[str]]]:
    counts = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in ("opens", "clicks"))
    told = f"{counts} OR (NEW.opens_unknown > 0) <> (OLD.opens_unknown > 0)"
    changed = " OR ".join([told, *(_differs(name, sqlite) for name in _TIMES)])
    copy_changed = " OR ".join(_differs(name, sqlite) for name in ("sent_at", "status", "tracked", "address"))
    written_to = f"{_NOTE} SELECT NEW.address WHERE EXISTS (SELECT 1 FROM copies c WHERE c.address = NEW.address)"
    return [
        ("activity_insert", "AFTER INSERT ON copy_activity", _tells("NEW"), [_of_copy("NEW")]),
        ("activity_delete", "AFTER DELETE ON copy_activity", _tells("OLD"), [_of_copy("OLD")]),
        ("activity_update", "AFTER UPDATE ON copy_activity", changed, [_of_copy("NEW")]),
        ("copies_insert", "AFTER INSERT ON copies", _left("NEW"), [_noted("NEW")]),
        ("copies_delete", "AFTER DELETE ON copies", _left("OLD"), [_noted("OLD")]),
        (
            "copies_update",
            "AFTER UPDATE OF sent_at, status, tracked, address ON copies",
            f"({_left('OLD')} OR {_left('NEW')}) AND ({copy_changed})",
            [_noted("NEW"), f"{_NOTE} SELECT OLD.address WHERE OLD.address <> NEW.address"],
        ),
        ("withdrawals_insert", "AFTER INSERT ON withdrawals", "", [_noted("NEW")]),
        ("withdrawals_delete", "AFTER DELETE ON withdrawals", "", [_noted("OLD")]),
        ("withdrawals_update", "AFTER UPDATE ON withdrawals", "", [_noted("NEW")]),
        (
            "contacts_insert",
            "AFTER INSERT ON contacts",
            "",
            ["INSERT INTO engagement (contact, state) VALUES (NEW.id, 'new')", written_to],
        ),
        ("contacts_update", "AFTER UPDATE OF address ON contacts", _differs("address", sqlite), [_noted("NEW")]),
        ("contacts_delete", "AFTER DELETE ON contacts", "", ["DELETE FROM engagement WHERE contact = OLD.id"]),
    ]


def _create(name: str, when: str, condition: str, steps: list[str], sqlite: bool) -> None:
    only = f" WHEN ({condition})" if condition else ""
    body = "; ".join(steps)
    if sqlite:
        op.execute(f"CREATE TRIGGER engagement_{name} {when}{only} BEGIN {body}; END")
        return
    op.execute(
        f"CREATE FUNCTION engagement_{name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body}; RETURN NULL; END $$"
    )
    op.execute(f"CREATE TRIGGER engagement_{name} {when} FOR EACH ROW{only} EXECUTE FUNCTION engagement_{name}()")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.add_column("copies", sa.Column("tracked", sa.Integer()))
    op.create_table(
        "engagement",
        sa.Column("contact", Big, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False, server_default="-1"),
        *(sa.Column(name, sa.Integer(), nullable=False, server_default="0") for name in _COUNTS),
        *(sa.Column(name, Big) for name in _MOMENTS),
        sa.PrimaryKeyConstraint("contact", name="pk_engagement"),
    )
    op.create_index("ix_engagement_state_score_contact", "engagement", ["state", "score", "contact"])
    op.create_index("ix_engagement_score_contact", "engagement", ["score", "contact"])
    op.create_index("ix_engagement_changes_at", "engagement", ["changes_at"])
    op.create_table(
        "engagement_due",
        sa.Column("id", Big, autoincrement=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_engagement_due"),
    )
    for name, when, condition, steps in _triggers(sqlite):
        _create(name, when, condition, steps, sqlite)
    op.execute("INSERT INTO engagement (contact, state) SELECT id, 'new' FROM contacts")
    op.execute("INSERT INTO engagement_due (address) SELECT address FROM contacts")
