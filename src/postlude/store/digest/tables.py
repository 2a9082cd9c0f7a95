"""How far the journals are digested, with what outcomes."""

from sqlalchemy import Column, LargeBinary, Table, Text

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
