"""Results of copies that are not there yet."""

from sqlalchemy import JSON, Column, Table

from postlude.store.columns import Big, metadata

# Results of copies that are not there: the journal that has the message is read later, or the state was put back.
early_results = Table(
    "early_results",
    metadata,
    Column("copy", Big, primary_key=True, autoincrement=False),
    Column("message", Big, nullable=False, index=True),
    Column("result", JSON, nullable=False),
)
