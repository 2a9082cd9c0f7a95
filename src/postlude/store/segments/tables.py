"""Saved segments, and who is in the frozen ones."""

from sqlalchemy import JSON, Boolean, Column, Index, Table, Text

from postlude.store.columns import Big, metadata, moment, own_id, part_of_key, text

segments = Table(
    "segments",
    metadata,
    own_id(),
    Column("workspace", Big, nullable=False, server_default="1"),
    text("name"),
    Column("key", Text, nullable=False, unique=True),  # the name in lower case
    Column("expression", JSON, nullable=False),
    Column("frozen", Boolean, nullable=False),
    Column("user", Big, nullable=False, server_default="0"),
    moment("created_at", always=True),
    moment("updated_at", always=True),
)

segment_members = Table(
    "segment_members",
    metadata,
    part_of_key("segment"),
    part_of_key("contact"),
    Index(None, "contact"),
    sqlite_with_rowid=False,
)
