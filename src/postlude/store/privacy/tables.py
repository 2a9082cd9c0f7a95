"""Recipients' choices and requests, and links that were changed after sending."""

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table, Text, UniqueConstraint

from postlude.store.columns import Big, metadata, words

# The latest choice about tracking of an address. Both false: allowed again, stored as proof.
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("address", Text, primary_key=True),
    Column("opens", Boolean, nullable=False),
    Column("clicks", Boolean, nullable=False),
    Column("at", Big, nullable=False),
    words("evidence"),
    Column("copy", Big),
)

# All choices about tracking, also revoked ones: what might be recorded at any time.
tracking_choices = Table(
    "tracking_choices",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("address", Text, nullable=False),
    Column("at", Big, nullable=False),
    Column("opens", Boolean, nullable=False),
    Column("clicks", Boolean, nullable=False),
    words("evidence"),
    UniqueConstraint("address", "at", name="uq_tracking_choices_address_at"),
    sqlite_autoincrement=True,
)

# Forgotten addresses: a keyed hash (the key is beside the database) and the wishes.
forgotten = Table(
    "forgotten",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("at", Big, nullable=False),
    words("reason"),  # why it was not to be mailed; empty when it was
    Column("opens", Boolean, nullable=False),
    Column("clicks", Boolean, nullable=False),
    Column("left_at", Big),  # when mailings were ended, whatever the reason is
)

# Addresses the app is to forget; a row is there until nothing is left of it.
forget_requests = Table(
    "forget_requests", metadata, Column("address", Text, primary_key=True), Column("at", Big, nullable=False)
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
