"""Users and their app passwords."""

from sqlalchemy import JSON, Column, ForeignKey, LargeBinary, Table, Text

from postlude.store.columns import Big, metadata, own_id, words

users = Table(
    "users",
    metadata,
    own_id(),
    Column("address", Text, nullable=False, unique=True),
    words("name"),
    Column("senders", JSON, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("limits", JSON),  # what differs from the settings' limits
    Column("sessions_from", Big),  # earlier sessions have ended
    Column("disabled_at", Big),
)

# Sessions that were signed out; a row may go when its session would have ended by itself.
ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("session", Text, primary_key=True),
    Column("at", Big, nullable=False, index=True),
)

app_passwords = Table(
    "app_passwords",
    metadata,
    own_id(),
    Column("user", Big, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    words("label"),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Big, nullable=False),
    Column("last_used_at", Big),
    words("purpose"),  # of what is sent with it and says none; empty: as the message looks
)
