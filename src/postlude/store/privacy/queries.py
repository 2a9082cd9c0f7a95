"""Recipients' choices about tracking, and links that were changed after sending."""

from array import array
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, delete, func, select, update

from postlude.kit.ids import new_id
from postlude.model.words import Consent, Purpose
from postlude.store.base import TopicQueries, as_struct, chunks, lookup_key, storable
from postlude.store.contacts.consent import add_proof, note_consent
from postlude.store.contacts.lists import Lists
from postlude.store.contacts.rows import Proof
from postlude.store.contacts.tables import contacts
from postlude.store.engine import Database
from postlude.store.messages.tables import copies
from postlude.store.privacy.recording import WITHDRAWN, agreed, withdrawn_copies, write_choice
from postlude.store.privacy.rows import (
    DataRequest,
    LinkChange,
    OpenRequest,
    PreferenceChoice,
    Revocations,
    TrackingStatement,
    Withdrawal,
)
from postlude.store.privacy.tables import data_requests, link_changes, tracking_choices, withdrawals


class PrivacyQueries(TopicQueries):
    """Withdrawals, changed links and requests for one's own data."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._lists = Lists(database)

    def withdrawals(self, addresses: Iterable[str]) -> dict[str, Withdrawal]:
        """The `addresses`, in their given spelling, that withdrew tracking."""
        spelled: dict[str, set[str]] = {}
        for address in addresses:
            spelled.setdefault(lookup_key(address), set()).add(address)
        found: dict[str, Withdrawal] = {}
        with self._database.read() as connection:
            for some in chunks(spelled):
                query = select(withdrawals).where(withdrawals.c.address.in_(some), WITHDRAWN)
                for row in connection.execute(query):
                    found |= dict.fromkeys(spelled[row.address], as_struct(Withdrawal, row))
        return found

    def limits(self, addresses: Iterable[str]) -> dict[str, Withdrawal]:
        """As `withdrawals`, where recording needs consent: also for addresses without any choice."""
        spelled: dict[str, set[str]] = {}
        for address in addresses:
            spelled.setdefault(lookup_key(address), set()).add(address)
        consented: dict[str, tuple[bool, bool]] = {}
        joined = contacts.outerjoin(withdrawals, withdrawals.c.address == contacts.c.address)
        query = select(contacts.c.address, agreed("opens"), agreed("clicks")).select_from(joined)
        with self._database.read() as connection:
            for some in chunks(spelled):
                for address, opens, clicks in connection.execute(query.where(contacts.c.address.in_(some))):
                    consented[address] = (bool(opens), bool(clicks))
        found: dict[str, Withdrawal] = {}
        for key, spellings in spelled.items():
            opens, clicks = consented.get(key, (False, False))
            if not (opens and clicks):
                found |= dict.fromkeys(spellings, Withdrawal(key, not opens, not clicks))
        return found

    def withdrawal(self, address: str) -> Withdrawal | None:
        """The latest choice of this address, also when it allowed everything again; None when there is none."""
        with self._database.read() as connection:
            query = select(withdrawals).where(withdrawals.c.address == lookup_key(address))
            row = connection.execute(query).first()
        return None if row is None else as_struct(Withdrawal, row)

    def revocations(self) -> Revocations:
        """Every copy whose tracking was withdrawn, and every changed link: the data in the edges' memory."""
        with self._database.read() as connection:
            flowing = connection.execution_options(yield_per=20_000)
            opens, clicks = (array("q", flowing.execute(withdrawn_copies(p)).scalars()) for p in ("opens", "clicks"))
            changed = connection.execute(select(link_changes)).all()
        links = {(row.kind, row.scope, row.position): row.url for row in changed}
        return Revocations(opens, clicks, links)

    def newest_choice(self) -> int:
        """Number of the newest choice about tracking, 0 when there is none: grows with every one."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.max(tracking_choices.c.id))).scalar() or 0)

    def chose_since(self, number: int) -> dict[int, str]:
        """The addresses of choices with a higher number, by that."""
        query = select(tracking_choices.c.id, tracking_choices.c.address).where(tracking_choices.c.id > number)
        with self._database.read() as connection:
            return {row.id: row.address for row in connection.execute(query)}

    def statements(self, addresses: Iterable[str]) -> dict[str, list[TrackingStatement]]:
        """Every word of these addresses about tracking, oldest first."""
        found: dict[str, list[TrackingStatement]] = {}
        with self._database.read() as connection:
            for some in chunks(addresses):
                query = select(tracking_choices).where(tracking_choices.c.address.in_(some))
                for row in connection.execute(query.order_by(tracking_choices.c.at)):
                    found.setdefault(row.address, []).append(as_struct(TrackingStatement, row))
        return found

    def copies_of(self, addresses: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Every copy to these addresses, with the address."""
        with self._database.read() as connection:
            for some in chunks(addresses):
                query = select(copies.c.id, copies.c.address).where(copies.c.address.in_(some))
                yield from (tuple(row) for row in connection.execute(query))

    def statements_of_copies(self, wanted: Iterable[int]) -> dict[int, list[TrackingStatement]]:
        """All choices about tracking of these copies' addresses, by copy; copies without choices are absent."""
        joined = copies.join(tracking_choices, tracking_choices.c.address == copies.c.address)
        columns = (copies.c.id, tracking_choices.c.at, tracking_choices.c.opens, tracking_choices.c.clicks)
        found: dict[int, list[TrackingStatement]] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(*columns).select_from(joined).where(copies.c.id.in_(some))
                for copy, at, opens, clicks in connection.execute(query.order_by(tracking_choices.c.at)):
                    found.setdefault(copy, []).append(TrackingStatement(at, opens, clicks))
        return found

    def change_link(self, change: LinkChange) -> None:
        """Redirect or stop a link."""
        insert = self._insert(link_changes).values(
            kind=change.kind, scope=change.scope, position=change.position, url=storable(change.url), at=change.at
        )
        new = {"url": insert.excluded.url, "at": insert.excluded.at}
        with self._database.write() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["kind", "scope", "position"], set_=new))

    def restore_link(self, kind: int, scope: int, position: int) -> bool:
        """Restore a link's signed destination; False when it was unchanged."""
        own = (link_changes.c.kind == kind, link_changes.c.scope == scope, link_changes.c.position == position)
        with self._database.write() as connection:
            return connection.execute(delete(link_changes).where(*own)).rowcount > 0

    def link_changes(self, scope: int | None = None) -> list[LinkChange]:
        """Changed links, of one message or of all, newest first."""
        query = select(link_changes).order_by(link_changes.c.at.desc(), link_changes.c.position)
        if scope is not None:
            query = query.where(link_changes.c.scope == scope)
        with self._database.read() as connection:
            return [as_struct(LinkChange, row) for row in connection.execute(query)]

    def open_requests(self, limit: int = 100) -> list[OpenRequest]:
        """Requests for one's own data that were not answered, oldest first."""
        query = (
            select(data_requests.c.address, data_requests.c.copy, data_requests.c.at)
            .where(data_requests.c.answered_at.is_(None))
            .order_by(data_requests.c.at)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [OpenRequest(*row) for row in connection.execute(query)]

    def answered(self, address: str, at: int) -> None:
        """Note that the answer to a request is on its way."""
        with self._database.write() as connection:
            connection.execute(
                update(data_requests).where(data_requests.c.address == lookup_key(address)).values(answered_at=at)
            )

    def apply_choices(self, connection: Connection, choices: Iterable[PreferenceChoice]) -> None:
        """Apply choices of preferences pages, in the digest's transaction."""
        for choice in choices:  # in order: the last word counts
            address = connection.execute(select(copies.c.address).where(copies.c.id == choice.copy)).scalar()
            if address is None:
                continue
            write_choice(
                connection,
                address,
                choice.at,
                opens=choice.opens,
                clicks=choice.clicks,
                evidence=choice.evidence,
                copy=choice.copy,
            )
            self._consent(connection, address, choice, "preferences page")
            for list_id, on in choice.lists:
                self._lists.choose_membership(
                    connection, address, list_id, on=on, at=choice.at, evidence=choice.evidence
                )

    def choose(self, address: str, choice: PreferenceChoice, how: str) -> None:
        """Record a choice for an address that was not made on a copy's page; its copy id is 0."""
        key = lookup_key(address)
        with self._database.write() as connection:
            opens, clicks = choice.opens, choice.clicks
            write_choice(connection, key, choice.at, opens=opens, clicks=clicks, evidence=choice.evidence)
            self._consent(connection, key, choice, how)

    def _consent(self, connection: Connection, address: str, choice: PreferenceChoice, how: str) -> None:
        """Apply the same choice to the contact's consents, if the address is a contact's.

        A box that was already ticked when the page opened is not a consent: only a withdrawn consent can be given here.
        """
        query = select(contacts.c.id, contacts.c.opens_consent, contacts.c.clicks_consent)
        row = connection.execute(query.where(contacts.c.address == address)).first()
        if row is None:
            return
        statements = {
            purpose: Consent.GIVEN if allowed else Consent.WITHDRAWN
            for purpose, allowed, before in (
                (Purpose.OPENS, choice.opens, row.opens_consent),
                (Purpose.CLICKS, choice.clicks, row.clicks_consent),
            )
            if (before == Consent.WITHDRAWN.value) == allowed
        }
        if statements:
            proof = Proof(id=new_id(), at=choice.at, how=how, evidence=choice.evidence)
            add_proof(connection, proof)
            note_consent(connection, row.id, statements, choice.at, proof.id)

    def apply_requests(self, connection: Connection, requests: Iterable[DataRequest]) -> None:
        """Requests for one's own data, in the digest's transaction."""
        for request in requests:
            address = connection.execute(select(copies.c.address).where(copies.c.id == request.copy)).scalar()
            if address is None:
                continue
            insert = self._insert(data_requests).values(
                address=address, copy=request.copy, at=request.at, answered_at=None
            )
            again = {"copy": request.copy, "at": request.at, "answered_at": None}
            # One answer a day for an address, however often the button is pressed.
            rested = func.coalesce(data_requests.c.answered_at, data_requests.c.at) < request.at - _A_DAY
            connection.execute(insert.on_conflict_do_update(index_elements=["address"], set_=again, where=rested))


_A_DAY = 86_400_000_000
