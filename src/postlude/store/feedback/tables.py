"""Feedback that counts for no copy yet, and records that could not be digested."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, LargeBinary, Table, Text, false

from postlude.store.columns import Big, metadata, own_id, words

unmatched = Table(
    "unmatched",
    metadata,
    own_id(),
    Column("at", Big, nullable=False, index=True),
    Column("mail", Big, nullable=False),
    Column("reason", Text, nullable=False),
    words("summary"),
    words("kind"),
    Column("copy", Big, nullable=False, server_default="0"),
    words("door"),
    Column("facts", JSON, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("handled_at", Big),
    Column("handled_by", Big, nullable=False, server_default="0"),
    Column("address", Text, index=True),  # whose wish to leave it may be, in lower case; NULL for anything else
    Index(None, "state", "at"),
)

# A record that the digest could not read or apply, with the reason: the journal itself is trimmed after a week.
quarantined = Table(
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
