"""Contacts' consents with their proofs."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, select, update

from postlude.kit.ids import new_id
from postlude.model.words import Consent, Purpose
from postlude.store.base import TopicQueries, as_struct, insert_into, storable
from postlude.store.contacts.rows import ConsentEntry, Proof
from postlude.store.contacts.tables import consents, contacts, proofs
from postlude.store.privacy.recording import made_a_statement, write_choice
from postlude.store.privacy.tables import withdrawals

COLUMNS = {purpose: f"{purpose.value}_consent" for purpose in Purpose}


class Consents(TopicQueries):
    """Consent and its proofs."""

    def record_consent(
        self, contact: int, states: Mapping[Purpose, Consent], at: int, *, how: str, source: str = "", text: str = "",
        evidence: str = "", by: str = "",
    ) -> Proof:  # fmt: skip
        """Set a contact's consent for some purposes, with one proof; earlier entries stay in the log.

        For opens and clicks it is the same act as the recipient's own on the preferences page: it acts from `at` on,
        for single mail and campaigns, and for mail that was sent before.
        """
        proof = Proof(id=new_id(), at=at, how=how, source=source, text=text, evidence=evidence, by=by)
        with self._database.write() as connection:
            add_proof(connection, proof)
            note_consent(connection, contact, states, at, proof.id)
            _write_choice(connection, contact, states, proof)
        return proof

    def add_proof(self, proof: Proof) -> None:
        """Store a proof that consents will refer to."""
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
    """Store a proof in the transaction of its consent."""
    row = msgspec.structs.asdict(proof)
    words = {name: storable(row[name]) for name in ("how", "source", "text", "evidence", "by")}
    connection.execute(proofs.insert(), row | words)


def _write_choice(connection: Connection, contact: int, states: Mapping[Purpose, Consent], proof: Proof) -> None:
    """The same in what may be recorded of the contact's address."""
    reported = {
        purpose: states[purpose] is Consent.GIVEN
        for purpose in (Purpose.OPENS, Purpose.CLICKS)
        if states.get(purpose) in {Consent.GIVEN, Consent.WITHDRAWN}
    }
    address = connection.execute(select(contacts.c.address).where(contacts.c.id == contact)).scalar()
    if address is None or not reported or (all(reported.values()) and not made_a_statement(connection, address)):
        return
    evidence = ", ".join(filter(None, (proof.how, proof.source, proof.by and f"by {proof.by}")))
    opens, clicks = reported.get(Purpose.OPENS), reported.get(Purpose.CLICKS)
    write_choice(connection, address, proof.at, opens=opens, clicks=clicks, evidence=evidence)


def consent_of(connection: Connection, address: str) -> dict[str, str]:
    """The consent columns of a new contact: what its address withdrew before is withdrawn."""
    row = connection.execute(
        select(withdrawals.c.opens, withdrawals.c.clicks).where(withdrawals.c.address == address)
    ).first()
    reported = zip((Purpose.OPENS, Purpose.CLICKS), row or (), strict=False)
    return {COLUMNS[purpose]: Consent.WITHDRAWN.value for purpose, off in reported if off}


def carry_over(connection: Connection, contact: int, address: str, at: int) -> None:
    """A contact that got another address withdrew for that one, too."""
    row = connection.execute(
        select(contacts.c.opens_consent, contacts.c.clicks_consent).where(contacts.c.id == contact)
    ).one()
    opens, clicks = (state != Consent.WITHDRAWN.value for state in row)
    if not (opens and clicks):
        reported = {"opens": opens and None, "clicks": clicks and None}
        write_choice(connection, address, at, **reported, evidence="the contact's address changed")


def note_consent(connection: Connection, contact: int, states: Mapping[Purpose, Consent], at: int, proof: int) -> None:
    """Set a contact's consent in an open transaction, with a stored proof."""
    rows = [
        {"contact": contact, "purpose": purpose.value, "at": at, "state": state.value, "proof": proof}
        for purpose, state in states.items()
    ]
    if rows:
        connection.execute(insert_into(connection.dialect, consents).on_conflict_do_nothing(), rows)
        now = {COLUMNS[purpose]: state.value for purpose, state in states.items()}
        connection.execute(update(contacts).where(contacts.c.id == contact).values(**now, updated_at=at))
