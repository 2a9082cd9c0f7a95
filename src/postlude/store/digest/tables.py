"""How far the journals are digested, with what outcomes, and the feed."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from postlude.store.columns import Big, metadata

# How many journal records ended in which outcome, since the beginning.
outcomes = Table("outcomes", metadata, Column("name", Text, primary_key=True), Column("total", Big, nullable=False))

# Returned mail that was counted, by a fingerprint of its content: repeats do not count.
seen = Table(
    "seen",
    metadata,
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("record", Big, nullable=False),
    Column("at", Big, nullable=False),
)

# All events and corrections in their order, a row a batch: `first` numbers the first of `count` (`store.digest.feed`).
feed = Table(
    "feed",
    metadata,
    Column("first", Big, primary_key=True, autoincrement=False),
    Column("workspace", Integer, nullable=False, server_default="1"),
    Column("count", Integer, nullable=False),
    Column("at", Big, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# Opens and clicks by people that were told to the sender, and whether that was taken back.
notices = Table(
    "notices",
    metadata,
    Column("event", Big, primary_key=True, autoincrement=False),
    Column("workspace", Integer, nullable=False, server_default="1"),
    Column("message", Big, nullable=False),
    Column("copy", Big, nullable=False),
    Column("kind", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("at", Big, nullable=False),
    Column("shown_at", Big, nullable=False),
    Column("taken_back_at", Big),
    Index(None, "message", "shown_at"),
)
