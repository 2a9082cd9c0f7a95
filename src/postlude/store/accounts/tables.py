"""Users and their app passwords."""

from sqlalchemy import JSON, Column, ForeignKey, LargeBinary, Table, Text

from postlude.store.columns import Big, metadata, moment, own_id, text, words

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
    Column("role", Text, nullable=False, server_default="member"),
)

# How a user signs in to the web app besides links.
credentials = Table(
    "credentials",
    metadata,
    Column("user", Big, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    words("password"),  # argon2id in PHC's form; empty: none
    moment("password_at"),
    Column("totp", LargeBinary),  # the shared secret of RFC 6238; NULL: no second step
    Column("totp_offered", LargeBinary),  # one that was shown and not confirmed yet
    Column("totp_step", Big, nullable=False, server_default="0"),  # the newest time step that was used
    Column("recovery", JSON, nullable=False),  # hashes of the codes that are left
)

# Web sessions as their users see them. The cookie decides who is signed in; a row is made when it is first seen.
web_sessions = Table(
    "web_sessions",
    metadata,
    Column("session", Text, primary_key=True),
    Column("user", Big, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    moment("began", always=True),
    Column("seen", Big, nullable=False, index=True),
    words("address"),
    words("program"),
    words("how"),
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

# Who did what, when, from where. Rows are only added; they go when they are too old.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    Column("at", Big, nullable=False, index=True),
    words("who"),
    words("via"),
    words("origin"),
    words("act"),
    words("what"),
    words("outcome"),
)

# By which names services of single sign-on know our users.
identities = Table(
    "identities",
    metadata,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("user", Big, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    moment("at", always=True),
)

# Keys of programs for the HTTP API; only their hashes are stored.
api_keys = Table(
    "api_keys",
    metadata,
    own_id(),
    Column("user", Big, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    words("label"),
    words("start"),  # its first characters, to tell keys apart
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("senders", JSON, nullable=False),  # addresses and patterns it may send as; empty: all of its user
    moment("created_at", always=True),
    moment("last_used_at"),
    moment("ends_at"),
)

# Passkeys: the public half of a key pair in a user's device.
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Text, primary_key=True),  # as browsers write it: base64url
    Column("user", Big, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),  # COSE
    words("label"),
    moment("created_at", always=True),
    moment("last_used_at"),
    Column("signs", Big, nullable=False, server_default="0"),  # how often it has signed; 0: it does not count
)

# Wrong passwords and codes of the last hour, as limits count them.
guesses = Table(
    "guesses",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    text("limit"),
    text("key"),
    Column("at", Big, nullable=False, index=True),
)
