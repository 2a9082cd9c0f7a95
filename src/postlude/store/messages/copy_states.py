"""How many copies of a message are in which state, by family of mailboxes: what reports and lists of mailings read.

Triggers of the database notice each change of a copy, whoever makes it, and add a row for the old state (-1) and one
for the new (+1). Readers add up both tables; the digest keeps the second one short. No row is changed by two writers.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, delete, func, literal, select, union_all

from postlude.model.words import CopyStatus
from postlude.store.base import TopicQueries, chunks, insert_into
from postlude.store.messages.tables import copies, copy_activity, copy_state_changes, copy_states, mailbox_domains


class CopyState(IntEnum):
    """What may be true of a copy; a state is their sum. The numbers are stored, and migrations write them too."""

    WAITING = 0
    SENT = 1
    REJECTED = 2
    EXPIRED = 4
    SUPPRESSED = 8
    CANCELLED = 16
    INDETERMINATE = 32
    BOUNCED = 64
    OPENED = 128
    """By a person; so `CLICKED`."""
    OPENED_UNKNOWN = 256
    OPENED_MACHINE = 512
    CLICKED = 1024
    CLICKED_UNKNOWN = 2048
    CLICKED_MACHINE = 4096
    REPLIED = 8192
    UNSUBSCRIBED = 16384
    COMPLAINED = 32768


class StateCount(NamedTuple):
    """So many copies of a message, to one family of mailboxes, are in one state."""

    message: int
    provider: str
    """A family of domains, `Gmail`; empty: any other."""
    state: int
    """A sum of `CopyState`."""
    copies: int


_STATUS: Final = {
    CopyStatus.SENT: CopyState.SENT,
    CopyStatus.REJECTED: CopyState.REJECTED,
    CopyStatus.EXPIRED: CopyState.EXPIRED,
    CopyStatus.SUPPRESSED: CopyState.SUPPRESSED,
    CopyStatus.CANCELLED: CopyState.CANCELLED,
    CopyStatus.INDETERMINATE: CopyState.INDETERMINATE,
}


class CopyStates(TopicQueries):
    """Reads and adds up; the triggers are in the migrations."""

    def of_messages(self, wanted: Iterable[int]) -> list[StateCount]:
        """The counts of these messages; those that have no copies are absent."""
        found: Counter[tuple[int, str, int]] = Counter()
        with self._database.read() as connection:
            for some in chunks(wanted):
                for message, provider, state, count in connection.execute(_both(some)):
                    found[message, provider, state] += count
        return [StateCount(*key, count) for key, count in found.items() if count > 0]

    def total(self) -> int:
        """How many copies there are, but for changes that are not added up yet."""
        with self._database.read() as connection:
            return int(connection.execute(select(func.coalesce(func.sum(copy_states.c.copies), 0))).scalar_one())

    def add_up(self) -> None:
        """Add the changes to the counts."""
        with self._database.read() as connection:
            if connection.execute(select(copy_state_changes.c.message).limit(1)).first() is None:
                return
        with self._database.write() as connection:
            add_up(connection)

    def rebuild(self, messages: Sequence[int]) -> None:
        """Count the copies of these messages again, from the copies and what is known of them."""
        with self._database.write() as connection:
            add_up(connection)
            connection.execute(delete(copy_states).where(copy_states.c.message.in_(messages)))
            names = ["message", "provider", "state", "copies"]
            connection.execute(copy_states.insert().from_select(names, _counted(self._database.sqlite, messages)))


def add_up(connection: Connection) -> None:
    """Add the changes to the counts, in the caller's transaction."""
    changes = copy_state_changes.c
    gone = delete(copy_state_changes).returning(changes.message, changes.provider, changes.state, changes.copies)
    sums: Counter[tuple[int, str, int]] = Counter()
    for message, provider, state, count in connection.execute(gone):
        sums[message, provider, state] += count
    # In the order of the key: two that do this at once wait for each other instead of for ever.
    rows = [
        {"message": key[0], "provider": key[1], "state": key[2], "copies": count}
        for key, count in sorted(sums.items())
        if count
    ]
    if rows:
        insert = insert_into(connection.dialect, copy_states)
        more = {"copies": copy_states.c.copies + insert.excluded.copies}
        connection.execute(
            insert.on_conflict_do_update(index_elements=["message", "provider", "state"], set_=more), rows
        )


def _both(messages: Sequence[int]) -> Any:  # noqa: ANN401 - a compound of two selects
    parts = [
        select(table.c.message, table.c.provider, table.c.state, table.c.copies).where(table.c.message.in_(messages))
        for table in (copy_states, copy_state_changes)
    ]
    return union_all(*parts)


def _counted(sqlite: bool, messages: Sequence[int]) -> Any:  # noqa: ANN401 - a select of four columns
    address = copies.c.address
    domain = func.substr(address, func.instr(address, "@") + 1) if sqlite else func.split_part(address, "@", 2)
    family = select(mailbox_domains.c.provider).where(mailbox_domains.c.domain == domain).scalar_subquery()
    joined = copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id)
    columns = [copies.c.message, func.coalesce(family, "").label("provider"), state_of().label("state")]
    each = select(*columns).select_from(joined).where(copies.c.message.in_(messages)).subquery()
    return select(each.c.message, each.c.provider, each.c.state, func.count()).group_by(
        each.c.message, each.c.provider, each.c.state
    )


def state_of() -> ColumnElement[int]:
    """The state of a copy, of `copies` joined with what is known of it; the triggers say the same."""
    done = copy_activity.c
    status: list[Any] = [(copies.c.status == word.value, int(bit)) for word, bit in _STATUS.items()]
    total: ColumnElement[int] = case(*status, else_=literal(0))
    for bit, held in (
        (CopyState.BOUNCED, done.bounced_at.is_not(None)),
        (CopyState.OPENED, done.opens > 0),
        (CopyState.OPENED_UNKNOWN, done.opens_unknown > 0),
        (CopyState.OPENED_MACHINE, done.opens_machine > 0),
        (CopyState.CLICKED, done.clicks > 0),
        (CopyState.CLICKED_UNKNOWN, done.clicks_unknown > 0),
        (CopyState.CLICKED_MACHINE, done.clicks_machine > 0),
        (CopyState.REPLIED, done.replied_at.is_not(None)),
        (CopyState.UNSUBSCRIBED, done.unsubscribed_at.is_not(None)),
        (CopyState.COMPLAINED, done.complained_at.is_not(None)),
    ):
        total = total + case((held, int(bit)), else_=literal(0))
    return total
