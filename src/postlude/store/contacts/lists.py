"""Lists and who is on them, and tags."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from postlude.kit.ids import new_id
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import Consent, MemberStatus, Purpose
from postlude.store.base import TopicQueries, as_struct, chunks, lookup_key, named, storable
from postlude.store.contacts.consent import add_proof, note_consent
from postlude.store.contacts.leaving import ended, has_left, left_the_list
from postlude.store.contacts.queries import insert_contact
from postlude.store.contacts.rows import Confirmation, ListTotals, MailingList, Membership, Proof
from postlude.store.contacts.suppressions import let_back
from postlude.store.contacts.tables import contacts, list_members, lists


class Lists(TopicQueries):
    """Lists, memberships, tags."""

    def add(self, name: str, at: int, **values: Any) -> MailingList:  # noqa: ANN401 - MailingList's fields
        """Make a list; InputError when the name is taken or empty."""
        made = MailingList(id=new_id(), name=named(name), created_at=at, **values)
        row = msgspec.structs.asdict(made) | {"key": made.name.lower()}
        try:
            with self._database.write() as connection:
                connection.execute(lists.insert(), row)
        except IntegrityError as error:
            raise InputError(f"there is a list {made.name!r} already") from error
        return made

    def change(self, list_id: int, **values: Any) -> MailingList:  # noqa: ANN401 - MailingList's fields
        """Replace name, description, double_optin, consent_text or sender."""
        if "name" in values:
            values |= {"name": named(values["name"]), "key": named(values["name"]).lower()}
        try:
            with self._database.write() as connection:
                connection.execute(update(lists).where(lists.c.id == list_id).values(**values))
        except IntegrityError as error:
            raise InputError(f"there is a list {values['name']!r} already") from error
        return self.get(list_id)

    def get(self, list_id: int) -> MailingList:
        """One list; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(lists).where(lists.c.id == list_id)).first()
        if row is None:
            raise NotFoundError(f"no list has the id {list_id:016x}")
        return as_struct(MailingList, row)

    def by_name(self, name: str) -> MailingList | None:
        """The list of this name, in any case of letters."""
        with self._database.read() as connection:
            row = connection.execute(select(lists).where(lists.c.key == storable(name.strip()).lower())).first()
        return None if row is None else as_struct(MailingList, row)

    def every(self) -> list[MailingList]:
        """Every list, by name."""
        with self._database.read() as connection:
            return [as_struct(MailingList, row) for row in connection.execute(select(lists).order_by(lists.c.key))]

    def public(self) -> list[MailingList]:
        """Lists that recipients see on their preferences page, by name."""
        with self._database.read() as connection:
            query = select(lists).where(lists.c.public).order_by(lists.c.key)
            return [as_struct(MailingList, row) for row in connection.execute(query)]

    def choose_membership(
        self, connection: Connection, address: str, list_id: int, *, on: bool, at: int, evidence: str
    ) -> bool:
        """Apply a recipient's choice of the preferences page, in the digest's transaction; False when it cannot apply.

        Joining needs a public list and creates the contact if needed: the holder of the copy's token reads that
        mailbox, so the choice needs no confirmation. An older choice never overrides a newer one.
        """
        wanted = select(lists.c.consent_text).where(lists.c.id == list_id, lists.c.public)
        text = connection.execute(wanted).scalar()
        if text is None:
            return False
        contact = connection.execute(select(contacts.c.id).where(contacts.c.address == lookup_key(address))).scalar()
        if contact is None:
            if not on:
                return False
            contact = insert_contact(connection, address, at, "preferences page")
        status = MemberStatus.SUBSCRIBED if on else MemberStatus.UNSUBSCRIBED
        column = _TIMES[status]
        row = {"list": list_id, "contact": contact, "status": status.value, "source": "preferences page", column: at}
        newer = and_(
            func.coalesce(list_members.c.subscribed_at, 0) <= at, func.coalesce(list_members.c.unsubscribed_at, 0) <= at
        )
        statement = self._insert(list_members).values(row)
        change = {"status": status.value, column: at}
        key = ["list", "contact"]
        statement = statement.on_conflict_do_update(index_elements=key, set_=change, where=newer)
        done = connection.execute(statement, execution_options={"preserve_rowcount": True})
        if on and done.rowcount:
            proof = Proof(id=new_id(), at=at, how="preferences page", text=text, evidence=evidence)
            add_proof(connection, proof)
            note_consent(connection, contact, {Purpose.MAIL: Consent.GIVEN}, at, proof.id)
            let_back(connection, lookup_key(address), at)
        return done.rowcount > 0

    def delete(self, list_id: int) -> bool:
        """Delete a list with its memberships; the contacts stay, and so does the wish of those who had left it."""
        mine = list_members.c.list == list_id
        with self._database.write() as connection:
            left = {"status": MemberStatus.UNSUBSCRIBED.value}
            connection.execute(update(list_members).where(mine, ended()).values(left))
            connection.execute(delete(list_members).where(mine, ~ended()))
            return connection.execute(delete(lists).where(lists.c.id == list_id)).rowcount > 0

    def totals(self) -> dict[int, ListTotals]:
        """How many members each list has, by status; a list without members is absent."""
        query = select(list_members.c.list, list_members.c.status, func.count())
        found: dict[int, dict[str, int]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query.group_by(list_members.c.list, list_members.c.status)):
                found.setdefault(row[0], {})[row[1]] = row[2]
        return {list_id: ListTotals(**counts) for list_id, counts in found.items()}

    def memberships(self, contact: int) -> list[Membership]:
        """The contact's membership of each existing list."""
        there = list_members.c.list.in_(select(lists.c.id))
        query = select(list_members).where(list_members.c.contact == contact, there).order_by(list_members.c.list)
        with self._database.read() as connection:
            return [as_struct(Membership, row) for row in connection.execute(query)]

    def has_left(self, contact: int, list_id: int) -> bool:
        """Whether the contact left this list, or any, be it deleted since, and is subscribed to none."""
        with self._database.read() as connection:
            left = or_(has_left(), left_the_list(contact, list_id))
            found = select(contacts.c.id).where(contacts.c.id == contact, left)
            return connection.execute(found).first() is not None

    def subscriptions(self, wanted: Iterable[int]) -> dict[int, list[int]]:
        """Lists these contacts are subscribed to; those on none are absent."""
        found: dict[int, list[int]] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(list_members.c.contact, list_members.c.list).where(list_members.c.contact.in_(some))
                for row in connection.execute(query.where(list_members.c.status == MemberStatus.SUBSCRIBED.value)):
                    found.setdefault(row[0], []).append(row[1])
        return found

    def put_member(self, list_id: int, contact: int, status: MemberStatus, at: int, source: str = "") -> Membership:
        """Set a contact's membership by a user's decision, whatever it was before."""
        column = _TIMES[status]
        row = {"list": list_id, "contact": contact, "status": status.value, "source": storable(source), column: at}
        change = {"status": status.value, column: at, "source": storable(source)}
        statement = self._insert(list_members).values(row)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["list", "contact"], set_=change))
            mine = and_(list_members.c.list == list_id, list_members.c.contact == contact)
            return as_struct(Membership, connection.execute(select(list_members).where(mine)).one())

    def leave_all(self, address: str, at: int, source: str) -> None:
        """End every membership of the contact with this address, as an operator decided."""
        with self._database.write() as connection:
            end_memberships(connection, lookup_key(address), at, source=source)

    def confirm_membership(self, connection: Connection, confirmation: Confirmation) -> bool:
        """PENDING becomes SUBSCRIBED, with the proof of it, in the digest's transaction.

        False when it was not pending: an old link never undoes a later wish, and pressing twice is one consent.
        """
        at = confirmation.at
        pending = and_(
            list_members.c.list == confirmation.list,
            list_members.c.contact == confirmation.contact,
            list_members.c.status == MemberStatus.PENDING.value,
        )
        change = update(list_members).where(pending)
        change = change.values(status=MemberStatus.SUBSCRIBED.value, subscribed_at=at)
        if not connection.execute(change).rowcount:
            return False
        agreed = select(lists.c.name, lists.c.consent_text).where(lists.c.id == confirmation.list)
        name, text = connection.execute(agreed).one()
        proof = Proof(
            id=new_id(), at=at, how="confirmed by mail", source=name, text=text, evidence=confirmation.evidence
        )
        add_proof(connection, proof)
        note_consent(connection, confirmation.contact, {Purpose.MAIL: Consent.GIVEN}, at, proof.id)
        own = select(contacts.c.address).where(contacts.c.id == confirmation.contact)
        let_back(connection, connection.execute(own).scalar_one(), at)
        return True


def end_memberships(connection: Connection, address: str, at: int, copy: int | None = None, source: str = "") -> None:
    """Who has this address (as `lookup_key` has it) leaves every list they are on or were asked to join."""
    theirs = list_members.c.contact.in_(select(contacts.c.id).where(contacts.c.address == address))
    still = list_members.c.status != MemberStatus.UNSUBSCRIBED.value
    left = {"status": MemberStatus.UNSUBSCRIBED.value, "unsubscribed_at": at, "copy": copy}
    reported = {"source": storable(source)} if source else {}
    connection.execute(update(list_members).where(theirs, still).values(**left, **reported))


_TIMES = {
    MemberStatus.PENDING: "asked_at",
    MemberStatus.SUBSCRIBED: "subscribed_at",
    MemberStatus.UNSUBSCRIBED: "unsubscribed_at",
}
