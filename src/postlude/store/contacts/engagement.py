"""State and score of every contact: computed anew whenever something became of mail to it, and when time turns them.

Triggers of the database note the address of each copy whose facts change (`engagement_due`), in the transaction of the
change. The digest takes the notes up, a bounded number with each batch and the others in quiet moments, and computes
each contact from its mails by the same rule as a person's page (`analytics.engagement`): nothing has to be subtracted.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, func, select, tuple_

from postlude.analytics.engagement import Engagement, MailEvidence, engagement_of
from postlude.model.words import EngagementState, Tracked
from postlude.store.base import PreparedStatement, TopicQueries, as_struct, chunks, lookup_key
from postlude.store.contacts.rows import Contact
from postlude.store.contacts.tables import contacts, engagement, engagement_due

LOOKED_AT: Final = 100
"""So many of the newest mails to an address count."""
_STEP: Final = 500
"""Contacts computed at a time, while other writers wait."""
_NO_SCORE: Final = -1

# One value for any number of addresses, as `sent_times`. What a server refused for good came back, too.
_MAILS: Final = f"""
SELECT c.address, coalesce(c.sent_at, m.created_at, 0) AS mailed_at,
  coalesce(c.tracked, CASE WHEN m.opens THEN {int(Tracked.OPENS)} ELSE 0 END
    + CASE WHEN m.clicks THEN {int(Tracked.CLICKS)} ELSE 0 END, 0),
  CASE WHEN c.sent_at IS NULL OR a.bounced_at IS NOT NULL THEN 1 ELSE 0 END, a.replied_at,
  coalesce(a.clicks, 0), coalesce(a.opens, 0), coalesce(a.opens_unknown, 0),
  a.first_open_at, a.first_click_at, a.last_open_at, a.last_click_at
FROM copies c LEFT JOIN messages m ON m.id = c.message LEFT JOIN copy_activity a ON a.copy = c.id
WHERE c.address {{these}} AND (c.sent_at IS NOT NULL OR (c.status IN ('rejected', 'expired') AND c.code <> 0))
ORDER BY c.address, mailed_at DESC, c.id
"""  # noqa: S608 - fixed text
_WITHDRAWN: Final = "SELECT address, opens, clicks FROM withdrawals WHERE (opens OR clicks) AND address {these}"
_THESE_SQLITE: Final = "IN (SELECT value FROM json_each(?))"
_THESE_POSTGRESQL: Final = "= ANY(%s)"


class ContactScore(NamedTuple):
    """Where a contact stands."""

    state: EngagementState
    score: int | None


class EngagedContact(msgspec.Struct, frozen=True):
    """A contact, where it stands, and what of; counts are of tracked and delivered mails."""

    contact: Contact
    score: int | None
    mails: int
    answered: int
    clicked: int
    opened: int
    perhaps: int
    last_mailed_at: int | None
    last_seen_at: int | None


class EngagementQueries(TopicQueries):
    """Computes the projection, and reads it."""

    def of_address(self, address: str, now: int) -> Engagement:
        """Of one address at the moment `now`, from the mails to it."""
        with self._database.read() as connection:
            mails = self._mails(connection, [lookup_key(address)])
        return engagement_of(mails.get(lookup_key(address), []), now)

    def of_contacts(self, wanted: Iterable[int]) -> dict[int, ContactScore]:
        """State and score of these contacts."""
        found: dict[int, ContactScore] = {}
        columns = engagement.c.contact, engagement.c.state, engagement.c.score
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(*columns).where(engagement.c.contact.in_(some))
                for contact, state, score in connection.execute(query):
                    found[contact] = ContactScore(EngagementState(state), score if score >= 0 else None)
        return found

    def page(self, state: EngagementState, *, before: int = 0, limit: int = 50) -> list[EngagedContact]:
        """Contacts in a state, the highest score first; `before` is the id of the last one of the page before."""
        place = engagement.c.score, engagement.c.contact
        mine = [engagement.c.state == state.value]
        query = select(engagement, contacts).join(contacts, contacts.c.id == engagement.c.contact)
        with self._database.read() as connection:
            if before:
                last = connection.execute(select(*place).where(engagement.c.contact == before)).first()
                if last is None:
                    return []
                mine.append(tuple_(*place) < tuple_(*last))
            rows = connection.execute(query.where(*mine).order_by(*(one.desc() for one in place)).limit(limit)).all()
        return [_engaged(row) for row in rows]

    def counts(self) -> dict[EngagementState, int]:
        """How many contacts are in each state."""
        query = select(engagement.c.state, func.count()).group_by(engagement.c.state)
        with self._database.read() as connection:
            found = {EngagementState(state): int(count) for state, count in connection.execute(query)}
        return {state: found.get(state, 0) for state in EngagementState}

    # Keeping it

    def settle(self, connection: Connection, now: int, most: int = _STEP) -> bool:
        """Compute up to `most` noted ones, in the caller's transaction; whether there were so many."""
        due = engagement_due.c
        first = select(due.id).order_by(due.id).limit(most)
        gone = delete(engagement_due).where(due.id.in_(first)).returning(due.address)
        taken = [row[0] for row in connection.execute(gone)]
        query = select(contacts.c.id, contacts.c.address)
        for some in chunks(dict.fromkeys(taken)):
            self._compute(connection, connection.execute(query.where(contacts.c.address.in_(some))).all(), now)
        return len(taken) >= most

    def step(self, now: int, most: int = _STEP) -> bool:
        """Compute some that are noted, or some whose time has come; whether there may be more."""
        turned = engagement.c.changes_at <= now
        with self._database.read() as connection:
            noted = connection.execute(select(engagement_due.c.id).limit(1)).first() is not None
            if not noted and connection.execute(select(engagement.c.contact).where(turned).limit(1)).first() is None:
                return False
        with self._database.write() as connection:
            if noted:
                self.settle(connection, now, most)
                return True
            joined = select(contacts.c.id, contacts.c.address).join(engagement, engagement.c.contact == contacts.c.id)
            query = joined.where(turned).order_by(engagement.c.changes_at).limit(most)
            self._compute(connection, connection.execute(query).all(), now)
        return True

    def rebuild(self, after: int, now: int, most: int = _STEP) -> int:
        """Compute the next contacts behind the id `after`, noted or not; the last one's id, 0 when there is none."""
        query = select(contacts.c.id, contacts.c.address).where(contacts.c.id > after)
        with self._database.write() as connection:
            people = connection.execute(query.order_by(contacts.c.id).limit(most)).all()
            self._compute(connection, people, now)
        return people[-1][0] if people else 0

    def _compute(self, connection: Connection, people: Sequence[Any], now: int) -> None:
        mails = self._mails(connection, [address for _, address in people])
        rows = [_row(contact, engagement_of(mails.get(address, ()), now)) for contact, address in sorted(people)]
        self._put.run(connection, rows)

    @cached_property
    def _put(self) -> PreparedStatement:
        insert = self._insert(engagement)
        new = {column.name: insert.excluded[column.name] for column in engagement.c if column.name != "contact"}
        putting = insert.on_conflict_do_update(index_elements=["contact"], set_=new)
        return PreparedStatement(putting, engagement, self._database.engine.dialect)

    def _mails(self, connection: Connection, addresses: Sequence[str]) -> Mapping[str, list[MailEvidence]]:
        """The newest LOOKED_AT mails to each of these addresses."""
        if not addresses:
            return {}
        sqlite = self._database.sqlite
        these, value = (_THESE_SQLITE, json.dumps(addresses)) if sqlite else (_THESE_POSTGRESQL, list(addresses))
        off = {
            address: (Tracked.OPENS if opens else 0) | (Tracked.CLICKS if clicks else 0)
            for address, opens, clicks in connection.exec_driver_sql(_WITHDRAWN.format(these=these), (value,))
        }
        found: defaultdict[str, list[MailEvidence]] = defaultdict(list)
        for row in connection.exec_driver_sql(_MAILS.format(these=these), (value,)):
            mine = found[row[0]]
            if len(mine) < LOOKED_AT:
                mine.append(_evidence(row, off.get(row[0], 0)))
        return found


def _engaged(row: Any) -> EngagedContact:  # noqa: ANN401 - of both tables
    names = "mails", "answered", "clicked", "opened", "perhaps", "last_mailed_at", "last_seen_at"
    known = {name: getattr(row, name) for name in names}
    return EngagedContact(as_struct(Contact, row), row.score if row.score >= 0 else None, **known)


def _evidence(row: Any, off: int) -> MailEvidence:  # noqa: ANN401 - a row of _MAILS
    _, mailed_at, tracked, bounced, replied_at, clicks, opens, unknown, open_1, click_1, open_2, click_2 = row
    if not clicks and not opens:
        first = last = None
    else:
        first = open_1 if click_1 is None else click_1 if open_1 is None else min(open_1, click_1)
        last = open_2 if click_2 is None else click_2 if open_2 is None else max(open_2, click_2)
    may = tracked & ~off
    return MailEvidence(
        mailed_at,
        bool(may & 1),
        bool(may & 2),
        bool(bounced),
        replied_at,
        clicks,
        opens,
        unknown,
        first,
        last,
        clicked_first=bool(clicks and opens and open_1 is not None and click_1 is not None and click_1 < open_1),
    )


def _row(contact: int, found: Engagement) -> dict[str, Any]:
    return {
        "contact": contact,
        "state": found.state.value,
        "score": _NO_SCORE if found.score is None else found.score,
        "mails": found.mails,
        "answered": found.answered,
        "clicked": found.clicked,
        "opened": found.opened,
        "perhaps": found.perhaps,
        "last_mailed_at": found.last_mailed_at,
        "last_seen_at": found.last_seen_at,
        "changes_at": found.changes_at,
    }
