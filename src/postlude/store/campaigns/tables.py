"""Campaigns: content, audience, variants and progress. Conventions as in `schema`.

A variant is a row of `messages`, its copies are rows of `copies` with `campaign` set: their results are stored as for
every other message.
"""

from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, Table, Text

from postlude.store.columns import Big, metadata, moment, own_id, part_of_key, text, words

campaigns = Table(
    "campaigns",
    metadata,
    own_id(),
    Column("user", Big, nullable=False),
    text("name"),
    Column("status", Text, nullable=False, index=True),
    words("problem"),
    words("sender"),
    words("reply_to"),
    Column("audience", JSON, nullable=False),
    Column("options", JSON, nullable=False),
    moment("created_at", always=True),
    moment("scheduled_at"),
    moment("started_at"),
    moment("finished_at"),
    Column("expected", Integer, nullable=False, server_default="0"),  # the audience as it was at the start
    Column("taken_up_to", Big, nullable=False, server_default="0"),  # contacts up to this id have their copy
    Column("taken_in", Boolean, nullable=False),  # all of them
    Column("paced_to", Big, nullable=False, server_default="0"),  # the throttle has given out turns up to this moment
    moment("decide_at"),  # when the test of variants ends
    Column("winner", Big),
)

campaign_variants = Table(
    "campaign_variants",
    metadata,
    part_of_key("campaign"),
    Column("name", Text, primary_key=True),  # A, B ...
    Column("message", Big, nullable=False, unique=True),
    words("subject"),
    words("preheader"),
    words("html"),
    words("mjml"),
    words("text"),
)

campaign_files = Table(
    "campaign_files",
    metadata,
    own_id(),
    Column("campaign", Big, nullable=False, index=True),
    text("name"),
    text("content_type"),
    Column("size", Integer, nullable=False),
    Column("hosted", Boolean, nullable=False),
    words("content_id"),
    Column("content", LargeBinary),  # of an embedded file; a hosted file is in the data folder
)
