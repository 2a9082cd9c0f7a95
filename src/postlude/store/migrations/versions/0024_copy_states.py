"""How many copies of each message, to each family of mailboxes, are in which state.

Triggers keep it, whatever changes a copy: each change adds a row to `copy_state_changes`, which the digest adds up.

Revision ID: 0024_copy_states
Revises: 0023_copy_hours
"""

import sqlalchemy as sa
from alembic import op

revision = "0024_copy_states"
down_revision = "0023_copy_hours"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_FAMILIES = {
    "Gmail": "gmail.com googlemail.com",
    "Outlook.com": (
        "outlook.com outlook.de outlook.fr outlook.es outlook.it hotmail.com hotmail.de hotmail.fr hotmail.it "
        "hotmail.es hotmail.co.uk live.com live.de live.fr live.nl live.it live.co.uk msn.com passport.com"
    ),
    "Yahoo and AOL": (
        "yahoo.com yahoo.de yahoo.fr yahoo.es yahoo.it yahoo.co.uk yahoo.com.br yahoo.ca yahoo.in yahoo.co.in "
        "ymail.com rocketmail.com aol.com aol.de aim.com verizon.net"
    ),
    "Yahoo Japan": "yahoo.co.jp ybb.ne.jp",
    "iCloud": "icloud.com me.com mac.com",
    "GMX and WEB.DE": "gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.org gmx.eu web.de mail.com email.com",
    "T-Online": "t-online.de magenta.de",
    "Freenet": "freenet.de",
    "Orange": "orange.fr wanadoo.fr",
    "Free": "free.fr",
    "La Poste": "laposte.net",
    "SFR": "sfr.fr neuf.fr",
    "Libero": "libero.it virgilio.it inwind.it iol.it",
    "Comcast": "comcast.net",
    "AT&T": "att.net sbcglobal.net bellsouth.net",
    "Proton": "proton.me protonmail.com protonmail.ch pm.me",
    "Fastmail": "fastmail.com fastmail.fm",
    "Zoho": "zoho.com zohomail.com zohomail.eu",
    "Mail.ru": "mail.ru bk.ru inbox.ru list.ru",
    "Yandex": "yandex.ru yandex.com ya.ru",
    "QQ": "qq.com foxmail.com",
    "NetEase": "163.com 126.com yeah.net",
    "Naver": "naver.com",
    "Seznam": "seznam.cz email.cz",
    "WP and o2": "wp.pl o2.pl",
}

_STATUS = {"sent": 1, "rejected": 2, "expired": 4, "suppressed": 8, "cancelled": 16, "indeterminate": 32}
_FLAGS = {
    64: "bounced_at IS NOT NULL",
    128: "opens > 0",
    256: "opens_unknown > 0",
    512: "opens_machine > 0",
    1024: "clicks > 0",
    2048: "clicks_unknown > 0",
    4096: "clicks_machine > 0",
    8192: "replied_at IS NOT NULL",
    16384: "unsubscribed_at IS NOT NULL",
    32768: "complained_at IS NOT NULL",
}
_CHANGE = "INSERT INTO copy_state_changes (message, provider, state, copies)"
_COPY = "SELECT {row}.message, {family}, {status} + coalesce((SELECT {flags} FROM copy_activity a WHERE a.copy = {row}.id), 0), {sign}"
_ACTIVITY = "SELECT c.message, {family}, {status} + {flags}, {sign} FROM copies c WHERE c.id = {row}.copy"


def _status(row: str) -> str:
    cases = " ".join(f"WHEN '{word}' THEN {bit}" for word, bit in _STATUS.items())
    return f"CASE {row}.status {cases} ELSE 0 END"


def _flags(row: str) -> str:
    first, *others = _FLAGS.items()
    head = f"CASE WHEN {row}.{first[1]} THEN {first[0]} ELSE 0 END"
    return "(" + " + ".join([head, *(f"CASE WHEN {row}.{test} THEN {bit} ELSE 0 END" for bit, test in others)]) + ")"


def _family(row: str, sqlite: bool) -> str:
    domain = f"substr({row}.address, instr({row}.address, '@') + 1)" if sqlite else f"split_part({row}.address, '@', 2)"
    return f"coalesce((SELECT d.provider FROM mailbox_domains d WHERE d.domain = {domain}), '')"


def _of_copy(row: str, sign: int, sqlite: bool) -> str:
    values = {"row": row, "sign": sign, "family": _family(row, sqlite), "status": _status(row), "flags": _flags("a")}
    return f"{_CHANGE} {_COPY.format(**values)}"


def _of_activity(row: str, sign: int, sqlite: bool, flags: str = "") -> str:
    values = {"row": row, "sign": sign, "family": _family("c", sqlite), "status": _status("c")}
    return f"{_CHANGE} {_ACTIVITY.format(**values, flags=flags or _flags(row))}"


def _other(old: str, new: str) -> str:
    return f"{_status(old)} <> {_status(new)} OR {old}.address <> {new}.address"


def _sqlite() -> None:
    minus, plus = (_of_copy("OLD", -1, sqlite=True), _of_copy("NEW", 1, sqlite=True))
    had, has = _of_activity("OLD", -1, sqlite=True), _of_activity("NEW", 1, sqlite=True)
    none_new, none_old = (_of_activity(row, sign, sqlite=True, flags="0") for row, sign in (("NEW", -1), ("OLD", 1)))
    changed = f"{_flags('OLD')} <> {_flags('NEW')}"
    for name, when, body in (
        ("copies_insert", "AFTER INSERT ON copies", [plus]),
        ("copies_delete", "AFTER DELETE ON copies", [minus]),
        ("copies_update", f"AFTER UPDATE OF status, address ON copies WHEN {_other('OLD', 'NEW')}", [minus, plus]),
        ("activity_insert", f"AFTER INSERT ON copy_activity WHEN {_flags('NEW')} <> 0", [none_new, has]),
        ("activity_delete", f"AFTER DELETE ON copy_activity WHEN {_flags('OLD')} <> 0", [had, none_old]),
        ("activity_update", f"AFTER UPDATE ON copy_activity WHEN {changed}", [had, has]),
    ):
        op.execute(f"CREATE TRIGGER states_{name} {when} BEGIN {'; '.join(body)}; END")


def _postgresql() -> None:
    minus, plus = (_of_copy("OLD", -1, sqlite=False), _of_copy("NEW", 1, sqlite=False))
    had, has = _of_activity("OLD", -1, sqlite=False), _of_activity("NEW", 1, sqlite=False)
    none_new, none_old = (_of_activity(row, sign, sqlite=False, flags="0") for row, sign in (("NEW", -1), ("OLD", 1)))
    changed = f"{_flags('OLD')} <> {_flags('NEW')}"
    for name, when, condition, body in (
        ("copies_insert", "AFTER INSERT ON copies", "", [plus]),
        ("copies_delete", "AFTER DELETE ON copies", "", [minus]),
        ("copies_update", "AFTER UPDATE OF status, address ON copies", _other("OLD", "NEW"), [minus, plus]),
        ("activity_insert", "AFTER INSERT ON copy_activity", f"{_flags('NEW')} <> 0", [none_new, has]),
        ("activity_delete", "AFTER DELETE ON copy_activity", f"{_flags('OLD')} <> 0", [had, none_old]),
        ("activity_update", "AFTER UPDATE ON copy_activity", changed, [had, has]),
    ):
        steps = "; ".join(body)
        op.execute(
            f"CREATE FUNCTION states_{name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {steps}; RETURN NULL; END $$"
        )
        only = f"WHEN ({condition})" if condition else ""
        op.execute(f"CREATE TRIGGER states_{name} {when} FOR EACH ROW {only} EXECUTE FUNCTION states_{name}()")


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    domains = op.create_table(
        "mailbox_domains",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_mailbox_domains"),
    )
    op.bulk_insert(
        domains,
        [{"domain": domain, "provider": family} for family, names in _FAMILIES.items() for domain in names.split()],
    )
    op.create_table(
        "copy_states",
        sa.Column("message", Big, autoincrement=False, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("message", "provider", "state", name="pk_copy_states"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "copy_state_changes",
        sa.Column("message", Big, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False, server_default="0"),
    )
    op.execute(
        "INSERT INTO copy_states (message, provider, state, copies) "
        f"SELECT c.message, {_family('c', sqlite)} AS family, {_status('c')} + coalesce({_flags('a')}, 0) AS state, "
        "count(*) FROM copies c LEFT JOIN copy_activity a ON a.copy = c.id GROUP BY 1, 2, 3"
    )
    _sqlite() if sqlite else _postgresql()
    for name, column in (("bounced", "bounced_at"), ("unsubscribed", "unsubscribed_at")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_copy_activity_{name}", "copy_activity", ["message"], sqlite_where=there, postgresql_where=there
        )
