"""Every table of the state, once. A change here needs a migration beside it: a test compares the two.

Times are microseconds since the epoch; NULL means "never". Ids are random 63-bit numbers, rowids in SQLite.
"""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, false

from postlude.store.columns import Big, metadata
from postlude.store.columns import count as _count
from postlude.store.columns import own_id as _id
from postlude.store.columns import words as _words

users = Table(
    "users",
    metadata,
    _id(),
    Column("address", Text, nullable=False, unique=True),
    _words("name"),
    Column("senders", JSON, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("limits", JSON),  # what differs from the settings' limits
)

app_passwords = Table(
    "app_passwords",
    metadata,
    _id(),
    Column("user", Big, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    _words("label"),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Big, nullable=False),
    Column("last_used_at", Big),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    Column("user", Big, nullable=False),
    _words("message_id"),
    _words("subject"),
    _words("sender"),
    _words("mail_from"),
    Column("via", Text, nullable=False),
    Column("created_at", Big, nullable=False),
    _count("size"),
    Column("opens", Boolean, nullable=False),
    Column("clicks", Boolean, nullable=False),
    _words("envid"),
    _words("untracked"),
    _words("ret"),
    Index(None, "created_at", "id"),
    Index(None, "user", "created_at"),
)

links = Table(
    "links",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    _words("label"),
    Column("tracked", Boolean, nullable=False),
    _words("reason"),
)

copies = Table(
    "copies",
    metadata,
    _id(),
    Column("message", Big, nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("address", Text, nullable=False, index=True),  # the recipient in lower case: what is looked up
    Column("status", Text, nullable=False),
    _count("attempts"),
    Column("next_attempt_at", Big),
    _count("code"),
    _words("enhanced"),
    _words("text"),
    _words("server"),
    _words("remote_id"),
    Column("sent_at", Big),
    Column("campaign", Big, nullable=False, server_default="0"),  # 0: a single mail
    Column("worker", Big, index=True),  # who has claimed it
    Column("contact", Big),  # of a campaign's copy: whom it went to
    Column("list", Big),  # and the list that brought them into the audience: what its unsubscribe link ends
    _words("notify"),  # DSN, as the client asked (RFC 3461)
    _words("orcpt"),
    Index(None, "campaign", "status", "next_attempt_at"),
)

# One row a start of a process that sends. Whoever holds the journal of that name is alive, so a row whose journal is
# free, or held by a later start, is of one that died.
workers = Table(
    "workers",
    metadata,
    _id(),
    Column("journal", Text, nullable=False, index=True),
    Column("started_at", Big, nullable=False),
)

# What each mail server was given, by tenths of an hour: its daily limit holds across restarts and workers.
transport_usage = Table(
    "transport_usage",
    metadata,
    Column("server", Text, primary_key=True),
    Column("slot", Big, primary_key=True, autoincrement=False),
    _count("copies"),
)

copy_activity = Table(
    "copy_activity",
    metadata,
    Column("copy", Big, primary_key=True, autoincrement=False),
    Column("message", Big, nullable=False, index=True),
    _count("opens"),
    _count("opens_unknown"),
    _count("opens_machine"),
    Column("first_open_at", Big),
    Column("last_open_at", Big),
    _count("clicks"),
    _count("clicks_unknown"),
    _count("clicks_machine"),
    Column("first_click_at", Big),
    Column("last_click_at", Big),
    Column("delivered_at", Big),
    _words("delivered_how"),
    Column("bounced_at", Big),
    _words("bounce_reason"),
    Column("complained_at", Big),
    Column("unsubscribed_at", Big),
    Column("replied_at", Big),
    Column("autoresponded_at", Big),
    Column("displayed_at", Big),
    Column("last_event_at", Big),
)

link_activity = Table(
    "link_activity",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    _count("clicks"),
    _count("clicks_unknown"),
    _count("clicks_machine"),
    Column("last_at", Big),
)

message_aliases = Table(
    "message_aliases",
    metadata,
    Column("message_id_text", Text, primary_key=True),
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("copy", Big, primary_key=True, autoincrement=False, server_default="0"),  # 0: every copy of the message
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    _words("evidence"),
    Column("copy", Big),
    Column("at", Big, nullable=False),
    _words("by"),
    Index(None, "at", "address"),
)

# What recipients said on the preferences page; the last word counts. Both false: allowed again, kept as proof.
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("address", Text, primary_key=True),
    Column("opens", Boolean, nullable=False),
    Column("clicks", Boolean, nullable=False),
    Column("at", Big, nullable=False),
    _words("evidence"),
    Column("copy", Big),
)

# Links whose destination was replaced (url) or stopped (empty url) after the mail had left.
link_changes = Table(
    "link_changes",
    metadata,
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("scope", Big, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("at", Big, nullable=False),
)

# Recipients who asked what is stored of them; answered by mail to their address.
data_requests = Table(
    "data_requests",
    metadata,
    Column("address", Text, primary_key=True),
    Column("copy", Big, nullable=False),
    Column("at", Big, nullable=False),
    Column("answered_at", Big, index=True),
)

settings = Table("settings", metadata, Column("key", Text, primary_key=True), Column("value", JSON, nullable=False))

positions = Table(
    "positions",
    metadata,
    Column("writer", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, nullable=False),
    Column("offset", Big, nullable=False),
)

unmatched = Table(
    "unmatched",
    metadata,
    _id(),
    Column("at", Big, nullable=False, index=True),
    Column("mail", Big, nullable=False),
    Column("reason", Text, nullable=False),
    _words("summary"),
    _words("kind"),
    Column("copy", Big, nullable=False, server_default="0"),
    _words("door"),
    Column("facts", JSON, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("handled_at", Big),
    Column("handled_by", Big, nullable=False, server_default="0"),
    Index(None, "state", "at"),
)

# A record the digest could not read or apply, kept with the reason: the journal itself is trimmed after a week.
set_aside = Table(
    "set_aside",
    metadata,
    Column("writer", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    Column("offset", Big, primary_key=True, autoincrement=False),
    Column("at", Big, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("waiting", Boolean, nullable=False, server_default=false()),
    Index(None, "waiting", "at"),
)

# What came back and was counted, by a fingerprint of what it says: its repeats count nothing.
seen = Table(
    "seen",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("record", Big, nullable=False),
    Column("at", Big, nullable=False),
)

# How many journal records ended in which outcome, since the beginning.
outcomes = Table("outcomes", metadata, Column("name", Text, primary_key=True), Column("total", Big, nullable=False))
