"""Long work: how far it is, and what it could not take."""

from sqlalchemy import JSON, Column, Index, Integer, Table

from postlude.store.columns import Big, metadata, moment, own_id, part_of_key, text, words

jobs = Table(
    "jobs",
    metadata,
    own_id(),
    text("kind"),
    text("title"),
    text("status"),
    words("wanted"),
    words("owner"),
    words("by"),
    words("unit"),
    Column("total", Big, nullable=False, server_default="0"),
    Column("done", Big, nullable=False, server_default="0"),
    Column("options", JSON, nullable=False),
    Column("position", JSON, nullable=False),
    Column("counts", JSON, nullable=False),
    words("error"),
    moment("created_at", always=True),
    moment("started_at"),
    moment("beat_at"),
    moment("finished_at"),
    moment("run_at"),  # this run began, at `run_done`: its pace is not that of the night before
    Column("run_done", Big, nullable=False, server_default="0"),
    Index(None, "status", "created_at"),
    Index(None, "created_at", "id"),
)

job_errors = Table(
    "job_errors",
    metadata,
    part_of_key("job"),
    part_of_key("line"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    words("column"),
    words("value"),
    text("reason"),
    words("remedy"),
    sqlite_with_rowid=False,
)
