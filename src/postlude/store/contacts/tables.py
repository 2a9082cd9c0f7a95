"""Contacts, lists, tags, consent and suppressions.

The tables of pairs have no row ids in SQLite: a million memberships need one tree instead of two.
"""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, Table, Text

from postlude.model.contact_fields import FIELD_NAMES
from postlude.store.columns import Big, count, metadata, moment, own_id, part_of_key, text, words

contacts = Table(
    "contacts",
    metadata,
    own_id(),  # grows with time: a million rows are appended, not scattered over the tree
    Column("address", Text, nullable=False, unique=True),  # in lower case: what is looked up
    text("spelled"),
    Column("fields", JSON, nullable=False),
    *map(words, FIELD_NAMES),
    words("source"),
    words("mail_consent"),
    words("opens_consent"),
    words("clicks_consent"),
    moment("created_at", always=True),
    moment("updated_at", always=True),
    Column("job", Big),  # the last import of it: distinguishes a repeat within one file from a known contact
)

# State and score of every contact (`store.contacts.engagement`).
engagement = Table(
    "engagement",
    metadata,
    part_of_key("contact"),
    text("state"),
    Column("score", Integer, nullable=False, server_default="-1"),  # -1: none
    *map(count, ("mails", "answered", "clicked", "opened", "perhaps")),
    moment("last_mailed_at"),
    moment("last_seen_at"),
    moment("changes_at"),  # when time alone may make another state or score of it
    Index(None, "state", "score", "contact"),
    Index(None, "score", "contact"),
    Index(None, "changes_at"),
)

# To whom something became of mail since: written by triggers, a row a change, so that writers do not wait.
engagement_due = Table(
    "engagement_due",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=True),
    text("address"),
)

contact_fields = Table("contact_fields", metadata, Column("name", Text, primary_key=True))

lists = Table(
    "lists",
    metadata,
    own_id(),
    text("name"),
    Column("key", Text, nullable=False, unique=True),  # the name in lower case
    words("description"),
    Column("double_optin", Boolean, nullable=False),
    Column("public", Boolean, nullable=False),
    words("consent_text"),
    words("sender"),
    moment("created_at", always=True),
    Column("owner", Big, nullable=False, server_default="0"),  # who set `sender`; 0: who runs the server
)

list_members = Table(
    "list_members",
    metadata,
    part_of_key("list"),
    part_of_key("contact"),
    text("status"),
    words("source"),
    moment("asked_at"),
    moment("subscribed_at"),
    moment("unsubscribed_at"),
    Column("copy", Big),
    Index(None, "contact"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    own_id(),
    text("name"),
    Column("key", Text, nullable=False, unique=True),
)

contact_tags = Table(
    "contact_tags",
    metadata,
    part_of_key("tag"),
    part_of_key("contact"),
    Index(None, "contact"),
    sqlite_with_rowid=False,
)

# One proof may belong to a million consents: an import's source is stored once.
proofs = Table(
    "proofs",
    metadata,
    own_id(),
    moment("at", always=True),
    text("how"),
    words("source"),
    words("text"),
    words("evidence"),
    words("by"),
)

consents = Table(
    "consents",
    metadata,
    part_of_key("contact"),
    Column("purpose", Text, primary_key=True),
    part_of_key("at"),
    text("state"),
    Column("proof", Big, nullable=False),
    sqlite_with_rowid=False,
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    words("evidence"),
    Column("copy", Big),
    Column("at", Big, nullable=False),
    words("by"),
    moment("left_at"),  # when its owner ended mailings, whatever stronger reason there is beside
    Index(None, "at", "address"),
)
