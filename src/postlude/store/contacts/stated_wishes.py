"""Record what the rows of a file state of wishes: the same act as by the recipient or an operator.

A withdrawal in a file always counts, whoever is known here and whatever else is known. Consent in a file counts where
nothing is known: a file never makes a consent of a withdrawal.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, select, update

from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.model.stated_wish import COMPLAINED, LEFT, StatedWish
from postlude.model.words import Consent, MemberStatus, Purpose
from postlude.store.base import chunks, insert_into
from postlude.store.contacts.consent import COLUMNS
from postlude.store.contacts.rows import Suppression
from postlude.store.contacts.suppressions import insert_suppressions, suppression_row
from postlude.store.contacts.tables import consents, contacts, list_members, suppressions
from postlude.store.privacy.recording import withdraw_tracking
from postlude.store.privacy.tables import withdrawals

_ENDS_LISTS: Final = frozenset((UNSUBSCRIBED, LEFT, COMPLAINED))


class StatedBy(NamedTuple):
    """What a row states of one person."""

    contact: int
    address: str
    known: bool
    """The contact was there before."""
    stated: StatedWish

    def has(self, purpose: Purpose, state: Consent) -> bool:
        """Whether it states this consent."""
        return self.stated.states().get(purpose) is state


class FileOrigin(NamedTuple):
    """Where it is stated."""

    at: int
    source: str
    withdrawn: int
    """The proof of what is withdrawn."""
    given: int
    """The proof of what is given; 0: there is none, so it is not recorded."""


def record_withdrawals(connection: Connection, people: Sequence[StatedBy], origin: FileOrigin) -> None:
    """Record every withdrawn consent of the rows."""
    for purpose in Purpose:
        withdrew = [one for one in people if one.has(purpose, Consent.WITHDRAWN)]
        _note(connection, purpose, (one.contact for one in withdrew), Consent.WITHDRAWN, origin.at, origin.withdrawn)
    off = {
        one.address: (one.has(Purpose.OPENS, Consent.WITHDRAWN), one.has(Purpose.CLICKS, Consent.WITHDRAWN))
        for one in people
    }
    withdraw_tracking(connection, {key: both for key, both in off.items() if any(both)}, origin.at, origin.source)


def record_consents(connection: Connection, people: Sequence[StatedBy], origin: FileOrigin) -> None:
    """Record the given consents of the rows, of people of whom nothing is known."""
    if not origin.given:
        return
    for purpose in Purpose:
        agreed = [one for one in people if one.has(purpose, Consent.GIVEN)]
        if purpose is not Purpose.MAIL:
            addresses = (one.address for one in agreed)
            chose = _with_a_choice(connection, addresses)
            agreed = [one for one in agreed if one.address not in chose]
        _note(connection, purpose, (one.contact for one in agreed), Consent.GIVEN, origin.at, origin.given)


def who_left_here(connection: Connection, people: Iterable[StatedBy]) -> list[StatedBy]:
    """Those whose mail ends by the file. Who left a list elsewhere and is on one here has decided that here.

    To be asked before the people of the file join lists.
    """
    ended = [one for one in people if one.stated.ended]
    maybe = [one.contact for one in ended if one.stated.ended == LEFT and one.known]
    members = {
        row[0]
        for some in chunks(maybe)
        for row in connection.execute(select(list_members.c.contact).where(list_members.c.contact.in_(some)))
    }
    return [one for one in ended if one.stated.ended != LEFT or one.contact not in members]


def end_mail(connection: Connection, people: Collection[StatedBy], origin: FileOrigin, by: str) -> None:
    """Suppress them with the file's reason, and end their memberships, as an operator does who is asked."""
    reasons = [(one.address, UNSUBSCRIBED if one.stated.ended == LEFT else one.stated.ended) for one in people]
    rows = [Suppression(address, reason, origin.source, at=origin.at, by=by) for address, reason in reasons]
    insert_suppressions(connection, list(map(suppression_row, rows)))
    for some in chunks(one.contact for one in people if one.stated.ended in _ENDS_LISTS):
        here = list_members.c.contact.in_(some), list_members.c.status != MemberStatus.UNSUBSCRIBED.value
        gone = {"status": MemberStatus.UNSUBSCRIBED.value, "unsubscribed_at": origin.at, "source": origin.source}
        connection.execute(update(list_members).where(*here).values(gone))


def newly_ended(connection: Connection, people: Iterable[StatedBy]) -> int:
    """Of how many of `who_left_here` mail, or mailings, had not ended for as much."""
    wanted = {one.address: one.stated.ended for one in people}
    ended: set[str] = set()
    for some in chunks(wanted):
        query = select(suppressions.c.address, suppressions.c.reason, suppressions.c.left_at)
        for row in connection.execute(query.where(suppressions.c.address.in_(some))):
            if row.reason != UNSUBSCRIBED or wanted[row.address] in {UNSUBSCRIBED, LEFT}:
                ended.add(row.address)
    return len(wanted) - len(ended)


def _note(  # noqa: PLR0917 - plain data
    connection: Connection, purpose: Purpose, people: Iterable[int], state: Consent, at: int, proof: int
) -> None:
    column = contacts.c[COLUMNS[purpose]]
    may_change = column != Consent.WITHDRAWN.value if state is Consent.WITHDRAWN else column == ""
    for some in chunks(people):
        found = connection.execute(select(contacts.c.id).where(contacts.c.id.in_(some), may_change))
        changed = [row[0] for row in found]
        if not changed:
            continue
        row = {"purpose": purpose.value, "at": at, "state": state.value, "proof": proof}
        insert = insert_into(connection.dialect, consents)
        replaced = {name: insert.excluded[name] for name in ("state", "proof")}
        insert = insert.on_conflict_do_update(index_elements=["contact", "purpose", "at"], set_=replaced)
        connection.execute(insert, [{"contact": each, **row} for each in changed])
        now = {column.name: state.value, "updated_at": at}
        connection.execute(update(contacts).where(contacts.c.id.in_(changed)).values(now))


def _with_a_choice(connection: Connection, addresses: Iterable[str]) -> set[str]:
    return {
        row[0]
        for some in chunks(addresses)
        for row in connection.execute(select(withdrawals.c.address).where(withdrawals.c.address.in_(some)))
    }
