"""Messages, links, copies, what was counted of them, and the workers that send them."""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from postlude.store.columns import Big, count, metadata, own_id, part_of_key, words
from postlude.store.folds import Folded
from postlude.store.messages.rows import Activity, LinkActivity

_INDETERMINATE = text("status = 'indeterminate'")
_ANSWERED = text("replied_at IS NOT NULL")
_BOUNCED = text("bounced_at IS NOT NULL")
_LEFT = text("unsubscribed_at IS NOT NULL")
HOUR_US: Final = 3_600_000_000
OPENED_AT: Final = -1
"""The position of openings in `copy_hours`; clicks have their link's."""

messages = Table(
    "messages",
    metadata,
    own_id(),
    Column("user", Big, nullable=False),
    words("message_id"),
    words("subject"),
    words("sender"),
    words("mail_from"),
    Column("via", Text, nullable=False),
    Column("created_at", Big, nullable=False),
    count("size"),
    Column("opens", Boolean, nullable=False),
    Column("clicks", Boolean, nullable=False),
    words("envid"),
    words("untracked"),
    words("ret"),
    words("checksum"),  # of its bytes in the spool
    Column("purpose", Text, nullable=False, server_default="personal"),
    Index(None, "created_at", "id"),
    Index(None, "user", "created_at"),
    Index(None, "message_id"),
)

links = Table(
    "links",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    words("label"),
    Column("tracked", Boolean, nullable=False),
    words("reason"),
)

# What was found by looking at a message when it was accepted or its campaign scheduled (`mail.content_look`).
message_content = Table(
    "message_content",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    *map(count, ("words", "links", "images")),
    Column("designed", Boolean, nullable=False),
    Column("question", Boolean, nullable=False),
    Column("emoji", Boolean, nullable=False),
    Column("personalised", Boolean, nullable=False),
    words("attachments"),  # families of files, with commas between
)

# What a message is about, in the words of who sends it.
message_topics = Table(
    "message_topics",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),  # the name in lower case
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),  # a TopicSource
    Column("rule", Big, nullable=False, server_default="0"),
    Index(None, "key", "message"),
    sqlite_with_rowid=False,
)

topic_rules = Table(
    "topic_rules",
    metadata,
    own_id(),
    Column("user", Big, nullable=False, index=True),
    Column("topic", Text, nullable=False),
    Column("part", Text, nullable=False),  # a TopicPart: what is looked at
    Column("holds", Text, nullable=False),  # the text it has to hold
)

copies = Table(
    "copies",
    metadata,
    own_id(),
    Column("message", Big, nullable=False, index=True),
    Column("recipient", Text, nullable=False),
    Column("address", Text, nullable=False, index=True),  # the recipient in lower case: what is looked up
    Column("status", Text, nullable=False),
    count("attempts"),
    count("indeterminate"),  # attempts that ended so
    Column("next_attempt_at", Big),
    count("code"),
    words("enhanced"),
    words("text"),
    words("server"),
    words("remote_id"),
    Column("sent_at", Big),
    Column("campaign", Big, nullable=False, server_default="0"),  # 0: a single mail
    Column("worker", Big, index=True),  # who has claimed it
    Column("contact", Big),  # of a campaign's copy: whom it went to
    Column("list", Big),  # and the list that brought them into the audience: what its unsubscribe link ends
    words("notify"),  # DSN, as the client asked (RFC 3461)
    words("orcpt"),
    Column("tracked", Integer),  # what can be seen of it (Tracked), since it left; NULL: what its message says
    Index(None, "campaign", "status", "next_attempt_at"),
    Index("ix_copies_indeterminate", "id", sqlite_where=_INDETERMINATE, postgresql_where=_INDETERMINATE),
)

# One row per start of a sending process. The holder of the journal's lock is alive, so a row whose journal is free, or
# held by a later start, is of one that died.
workers = Table(
    "workers",
    metadata,
    own_id(),
    Column("journal", Text, nullable=False, index=True),
    Column("started_at", Big, nullable=False),
    words("journal_state"),  # a JournalState; empty for those that an older version began
)

# Usage of each mail server, in tenths of an hour: its daily limit applies across restarts and workers.
transport_usage = Table(
    "transport_usage",
    metadata,
    Column("server", Text, primary_key=True),
    Column("slot", Big, primary_key=True, autoincrement=False),
    count("copies"),
)

copy_activity = Table(
    "copy_activity",
    metadata,
    Column("copy", Big, primary_key=True, autoincrement=False),
    Column("message", Big, nullable=False, index=True),
    *Folded(Activity).columns(),
    Index("ix_copy_activity_replied_at", "replied_at", sqlite_where=_ANSWERED, postgresql_where=_ANSWERED),
    Index("ix_copy_activity_bounced", "message", sqlite_where=_BOUNCED, postgresql_where=_BOUNCED),
    Index("ix_copy_activity_unsubscribed", "message", sqlite_where=_LEFT, postgresql_where=_LEFT),
    Column("hits", LargeBinary),  # the copy's window (classify.copy_window), for the digest alone
)

# Opens and clicks of people by the hour since the epoch; of opens the position is OPENED_AT. A question about
# the last month reads the index of that month.
copy_hours = Table(
    "copy_hours",
    metadata,
    Column("copy", Big, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    count("opens"),
    count("clicks"),
    Index(None, "hour"),
    sqlite_with_rowid=False,
)

# Opens and clicks of a message, by people, by who may be one, and by machines (`store.digest.facets`).
_HITS: Final = ("opens", "opens_unknown", "opens_machine", "clicks", "clicks_unknown", "clicks_machine")

# By the hour since the epoch.
message_hours = Table(
    "message_hours",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    *map(count, _HITS),
    sqlite_with_rowid=False,
)

# By the program that opened it or followed the link, empty when it is not known.
message_clients = Table(
    "message_clients",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("client", Text, primary_key=True),
    *map(count, _HITS),
    sqlite_with_rowid=False,
)

link_activity = Table(
    "link_activity",
    metadata,
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *Folded(LinkActivity).columns(),
)

message_aliases = Table(
    "message_aliases",
    metadata,
    Column("message_id_text", Text, primary_key=True),
    Column("message", Big, primary_key=True, autoincrement=False),
    Column("copy", Big, primary_key=True, autoincrement=False, server_default="0"),  # 0: every copy of the message
)

# To which family of mailboxes a domain belongs, as reports name it.
mailbox_domains = Table(
    "mailbox_domains", metadata, Column("domain", Text, primary_key=True), Column("provider", Text, nullable=False)
)

# How many copies of a message are in which state (`store.messages.copy_states`).
copy_states = Table(
    "copy_states",
    metadata,
    part_of_key("message"),
    Column("provider", Text, primary_key=True),
    Column("state", Integer, primary_key=True, autoincrement=False),
    count("copies"),
    sqlite_with_rowid=False,
)

# What was not added to them yet: written by triggers, never changed, so that writers do not wait for each other.
copy_state_changes = Table(
    "copy_state_changes",
    metadata,
    Column("message", Big, nullable=False),
    Column("provider", Text, nullable=False),
    Column("state", Integer, nullable=False),
    count("copies"),
)

# Messages that a program may hand in again under the same name, and what it was answered.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    part_of_key("user"),
    Column("name", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),  # its hash
    Column("message", Big, nullable=False),
    Column("at", Big, nullable=False, index=True),
    Column("answer", JSON),  # NULL: it was never answered
)
