"""Erasing a contact with all that hangs on it."""

from sqlalchemy import Connection, delete, select

from postlude.store.contacts.tables import consents, contact_tags, contacts, list_members, proofs
from postlude.store.segments.tables import segment_members


def delete_contact(connection: Connection, contact: int) -> bool:
    """Delete a contact with memberships, tags and consent in a transaction that is there; False when there was none."""
    own = select(consents.c.proof).where(consents.c.contact == contact)
    candidates = [row[0] for row in connection.execute(own.distinct())]
    for table in (list_members, contact_tags, consents, segment_members):
        connection.execute(delete(table).where(table.c.contact == contact))
    for proof in candidates:  # an import's proof also belongs to other contacts
        shared = select(consents.c.proof).where(consents.c.proof == proof).exists()
        connection.execute(delete(proofs).where(proofs.c.id == proof, proofs.c.how != "import", ~shared))
    return connection.execute(delete(contacts).where(contacts.c.id == contact)).rowcount > 0
