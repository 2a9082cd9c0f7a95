"""Contacts: added, found, changed, erased. Many at once come in through `importing`."""

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, select, update
from sqlalchemy.exc import IntegrityError

from postlude.kit.ids import OrderedIds
from postlude.model.address import shown
from postlude.model.contact_fields import FIELD_NAMES
from postlude.model.errors import InputError, NotFoundError
from postlude.store.base import TopicQueries, as_struct, lookup_key, storable
from postlude.store.contacts.consent import carry_over, consent_of
from postlude.store.contacts.erasing import delete_contact
from postlude.store.contacts.leaving import left_any
from postlude.store.contacts.rows import Contact
from postlude.store.contacts.search import find_contacts
from postlude.store.contacts.tables import contact_fields, contact_tags, contacts, list_members
from postlude.store.privacy.forgotten import know_again, remember_wishes

_IDS: Final = OrderedIds()
_CHANGEABLE: Final = frozenset({"spelled", "fields", "source", *FIELD_NAMES})


class ContactQueries(TopicQueries):
    """People who can be mailed."""

    def add(
        self,
        spelled: str,
        at: int,
        *,
        fields: dict[str, Any] | None = None,
        source: str = "",
        **own: str,
    ) -> Contact:
        """Add one with the CONTACT_FIELDS that are known; InputError when the address is there already."""
        assert own.keys() <= set(FIELD_NAMES), own
        values = {name: storable(value) for name, value in own.items()} | {"fields": clean_fields(fields or {})}
        try:
            with self._database.write() as connection:
                contact = insert_contact(connection, spelled, at, source, **values)
                self._know_fields(connection, fields or {})
        except IntegrityError as error:
            raise InputError(f"{shown(spelled)} is a contact already: edit it instead") from error
        return self.get(contact)

    def get(self, contact: int) -> Contact:
        """One contact; NotFoundError when there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(contacts).where(contacts.c.id == contact)).first()
        if row is None:
            raise NotFoundError(f"no contact has the id {contact:016x}")
        return as_struct(Contact, row)

    def by_address(self, address: str) -> Contact | None:
        """The contact with this address, in any case of letters."""
        with self._database.read() as connection:
            row = connection.execute(select(contacts).where(contacts.c.address == lookup_key(address))).first()
        return None if row is None else as_struct(Contact, row)

    def page(
        self, search: str = "", *, list_id: int = 0, tag: int = 0, before: int = 0, limit: int = 50
    ) -> list[Contact]:
        """The newest first. `search` is found in address and name; `before` is the last id of the page before."""
        found = find_contacts(self._database, search)
        query = select(contacts).select_from(found.source).where(*found.conditions, *_chosen(list_id, tag))
        if before:
            query = query.where(found.id < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(found.id.desc()).limit(limit))
            return [as_struct(Contact, row) for row in rows]

    def count(self, search: str = "", *, list_id: int = 0, tag: int = 0, most: int = 0) -> int:
        """How many `contacts_page` would page through; with `most`, no further than one more than that."""
        found = find_contacts(self._database, search)
        # Sets are built once and looked into: 10 times as fast as asking for every contact.
        wanted = list(found.conditions)
        if list_id:
            wanted.append(contacts.c.id.in_(select(list_members.c.contact).where(list_members.c.list == list_id)))
        if tag:
            wanted.append(contacts.c.id.in_(select(contact_tags.c.contact).where(contact_tags.c.tag == tag)))
        query = select(func.count()).select_from(found.source).where(*wanted)
        if most and search.strip():
            some = select(contacts.c.id).select_from(found.source).where(*wanted).limit(most + 1).subquery()
            query = select(func.count()).select_from(some)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def change(self, contact: int, at: int, **changes: Any) -> Contact:  # noqa: ANN401 - values of columns
        """Replace `spelled`, `fields`, `source` or any of CONTACT_FIELDS; InputError when the address is taken."""
        assert changes.keys() <= _CHANGEABLE, changes
        values: dict[str, Any] = {n: clean_fields(v) if n == "fields" else storable(v) for n, v in changes.items()}
        if "spelled" in values:
            values["address"] = lookup_key(values["spelled"])
        try:
            with self._database.write() as connection:
                if "address" in values:
                    _remember_before(connection, contact, values["address"], at)
                change = update(contacts).where(contacts.c.id == contact).values(**values, updated_at=at)
                if not connection.execute(change).rowcount:
                    raise NotFoundError(f"no contact has the id {contact:016x}")
                if "address" in values:
                    know_again(connection, [values["address"]])
                    carry_over(connection, contact, values["address"], at)
                self._know_fields(connection, values.get("fields", {}))
        except IntegrityError as error:
            raise InputError(f"{changes.get('spelled')} belongs to another contact") from error
        return self.get(contact)

    def erase(self, contact: int, at: int) -> bool:
        """Forget a contact with memberships, tags and consent; False when there was none.

        A suppression of the address stays; of who had left a list a hash stays: it is how the wish is remembered.
        """
        with self._database.write() as connection:
            gone = select(contacts.c.address).where(contacts.c.id == contact, left_any())
            if (address := connection.execute(gone).scalar()) is not None:
                remember_wishes(connection, address, at)
            return delete_contact(connection, contact)

    def fields(self) -> list[str]:
        """Names of every custom field a contact ever had."""
        with self._database.read() as connection:
            return [row[0] for row in connection.execute(select(contact_fields.c.name).order_by(contact_fields.c.name))]

    def _know_fields(self, connection: Connection, fields: dict[str, Any]) -> None:
        if fields:
            rows = [{"name": name} for name in fields]
            connection.execute(self._insert(contact_fields).on_conflict_do_nothing(), rows)


def _remember_before(connection: Connection, contact: int, address: str, at: int) -> None:
    """Keep the wish of the address that a contact gives up: whoever comes in with it again had left."""
    given_up = select(contacts.c.address).where(contacts.c.id == contact, contacts.c.address != address, left_any())
    if (before := connection.execute(given_up).scalar()) is not None:
        remember_wishes(connection, before, at)


def insert_contact(
    connection: Connection,
    spelled: str,
    at: int,
    source: str,
    **values: Any,  # noqa: ANN401 - values of columns
) -> int:
    """Add one inside a transaction that is there; its id. IntegrityError when the address is there already."""
    contact = _IDS.take(at, 1)[0]
    row = {"id": contact, "address": lookup_key(spelled), "spelled": storable(spelled), "source": storable(source)}
    know_again(connection, [lookup_key(spelled)])
    known = consent_of(connection, lookup_key(spelled))
    connection.execute(contacts.insert(), {**row, **known, "fields": {}, **values, "created_at": at, "updated_at": at})
    return contact


def clean_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Custom fields in a form that every store accepts."""
    return {storable(name): storable(value) if isinstance(value, str) else value for name, value in fields.items()}


def _chosen(list_id: int, tag: int) -> list[ColumnElement[bool]]:
    """For a page, which looks at few contacts: each is asked whether it is on the list."""
    found: list[ColumnElement[bool]] = []
    if list_id:
        members = and_(list_members.c.list == list_id, list_members.c.contact == contacts.c.id)
        found.append(select(list_members.c.contact).where(members).exists())
    if tag:
        tagged = and_(contact_tags.c.tag == tag, contact_tags.c.contact == contacts.c.id)
        found.append(select(contact_tags.c.contact).where(tagged).exists())
    return found
