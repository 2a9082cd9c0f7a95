"""What contacts agreed to, and how that is known."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, select, update

from postlude.kit.ids import new_id
from postlude.model.words import Consent, Purpose
from postlude.store.base import Part, as_struct, clean, insert_into
from postlude.store.contacts.rows import ConsentEntry, Proof
from postlude.store.contacts.tables import consents, contacts, proofs

COLUMNS = {purpose: f"{purpose.value}_consent" for purpose in Purpose}


class Consents(Part):
    """Consent and its proofs."""

    def record_consent(
        self, contact: int, states: Mapping[Purpose, Consent], at: int, *, how: str, source: str = "", text: str = "",
        evidence: str = "", by: str = "",
    ) -> Proof:  # fmt: skip
        """Set a contact's consent for some purposes, with one proof; earlier entries stay in the log."""
        proof = Proof(id=new_id(), at=at, how=how, source=source, text=text, evidence=evidence, by=by)
        with self._database.write() as connection:
            add_proof(connection, proof)
            note_consent(connection, contact, states, at, proof.id)
        return proof

    def add_proof(self, proof: Proof) -> None:
        """Keep a proof that consents will refer to."""
        with self._database.write() as connection:
            add_proof(connection, proof)

    def consent_log(self, contact: int) -> list[ConsentEntry]:
        """Every change of a contact's consent, newest first, with its proof."""
        query = (
            select(consents.c.purpose, consents.c.state, consents.c.at.label("changed"), proofs)
            .join(proofs, proofs.c.id == consents.c.proof)
            .where(consents.c.contact == contact)
            .order_by(consents.c.at.desc(), consents.c.purpose)
        )
        with self._database.read() as connection:
            return [
                ConsentEntry(
                    purpose=Purpose(row.purpose), state=Consent(row.state), at=row.changed, proof=as_struct(Proof, row)
                )
                for row in connection.execute(query)
            ]


def add_proof(connection: Connection, proof: Proof) -> None:
    """Keep a proof in the transaction of what it proves."""
    row = msgspec.structs.asdict(proof)
    words = {name: clean(row[name]) for name in ("how", "source", "text", "evidence", "by")}
    connection.execute(proofs.insert(), row | words)


def note_consent(connection: Connection, contact: int, states: Mapping[Purpose, Consent], at: int, proof: int) -> None:
    """Set a contact's consent in a transaction that is there, with a proof that is kept already."""
    rows = [
        {"contact": contact, "purpose": purpose.value, "at": at, "state": state.value, "proof": proof}
        for purpose, state in states.items()
    ]
    if rows:
        connection.execute(insert_into(connection.dialect, consents).on_conflict_do_nothing(), rows)
        now = {COLUMNS[purpose]: state.value for purpose, state in states.items()}
        connection.execute(update(contacts).where(contacts.c.id == contact).values(**now, updated_at=at))
