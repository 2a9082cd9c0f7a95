"""How far the journals are read, of which segments, and what was found wrong."""

from sqlalchemy import Column, Index, Integer, Table, Text

from postlude.store.columns import Big, metadata, moment, text, words

positions = Table(
    "positions",
    metadata,
    Column("writer", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, nullable=False),
    Column("offset", Big, nullable=False),
    Column("generation", Big, nullable=False, server_default="0"),  # which digest transaction moved it here
)

# Every segment of a journal that was read: what a position belongs to.
journal_labels = Table(
    "journal_labels",
    metadata,
    Column("writer", Integer, primary_key=True, autoincrement=False),
    Column("segment", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, primary_key=True),
    text("name"),
    words("identity"),
)

# Data found damaged, missing or older than the rest: kept until it is marked as read.
incidents = Table(
    "incidents",
    metadata,
    Column("key", Text, primary_key=True),
    moment("at", always=True),
    text("kind"),
    words("writer"),
    text("text"),
    moment("seen_at"),
    Index(None, "seen_at", "at"),
)
