"""What may be recorded for an address: the one place that decides it and writes choices.

`tracking_choices` holds all choices, of the recipient or recorded by an operator; `withdrawals` holds the latest, for
joins. Single messages and campaigns check it before they are sent, the edges' list applies it to mail already sent, and
the digest checks what applied when a hit was seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, false, func, select

from postlude.model.words import Consent
from postlude.store.base import chunks, insert_into, storable
from postlude.store.contacts.tables import contacts
from postlude.store.messages.tables import copies
from postlude.store.privacy.rows import TrackingStatement
from postlude.store.privacy.tables import tracking_choices, withdrawals

WITHDRAWN: Final = withdrawals.c.opens | withdrawals.c.clicks
"""Condition on `withdrawals`: not everything may be recorded now."""


class MayRecord(NamedTuple):
    """What may be recorded."""

    opens: bool = True
    clicks: bool = True


EVERYTHING: Final = MayRecord()


def may_record(statements: Sequence[TrackingStatement], at: int) -> MayRecord:
    """What might be recorded at `at` for an address with these choices, oldest first: a choice acts from its time."""
    last = next((one for one in reversed(statements) if one.at <= at), None)
    return EVERYTHING if last is None else MayRecord(not last.opens, not last.clicks)


def agreed(purpose: Literal["opens", "clicks"]) -> ColumnElement[bool]:
    """The condition on `contacts` and `withdrawals`, joined by an address: consent was recorded and not taken back.

    A box that was ticked when a page opened does not count; the recorded consent does.
    """
    given = func.coalesce(contacts.c[f"{purpose}_consent"] == Consent.GIVEN.value, false())
    return given & ~func.coalesce(withdrawals.c[purpose], false())


def withdrawn_copies(purpose: Literal["opens", "clicks"]) -> Select[Any]:
    """Ids of every copy to an address of which opens, or clicks, may not be recorded now."""
    off = select(withdrawals.c.address).where(withdrawals.c[purpose])
    return select(copies.c.id).where(copies.c.address.in_(off))


def write_choice(
    connection: Connection,
    address: str,
    at: int,
    *,
    opens: bool | None,
    clicks: bool | None,
    evidence: str,
    copy: int | None = None,
) -> None:
    """Record a choice of an address (as `lookup_key` has it) at `at`: True allows, False withdraws, None: unchanged.

    Acts from `at` on, whenever it arrives here; the latest choice applies now.
    """
    before = connection.execute(
        select(tracking_choices.c.opens, tracking_choices.c.clicks)
        .where(tracking_choices.c.address == address, tracking_choices.c.at <= at)
        .order_by(tracking_choices.c.at.desc())
        .limit(1)
    ).first()
    no_opens, no_clicks = before or (False, False)
    row = {
        "address": address,
        "opens": no_opens if opens is None else not opens,
        "clicks": no_clicks if clicks is None else not clicks,
        "at": at,
        "evidence": storable(evidence),
    }
    insert = insert_into(connection.dialect, tracking_choices).values(row)
    new = {name: insert.excluded[name] for name in ("opens", "clicks", "evidence")}
    connection.execute(insert.on_conflict_do_update(index_elements=["address", "at"], set_=new))
    row["copy"] = copy
    insert = insert_into(connection.dialect, withdrawals).values(row)
    new = {name: insert.excluded[name] for name in row if name != "address"}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["address"], set_=new, where=withdrawals.c.at <= insert.excluded.at)
    )


def withdraw_tracking(connection: Connection, off: Mapping[str, tuple[bool, bool]], at: int, evidence: str) -> None:
    """Record that many addresses withdraw opens, clicks or both at `at`; what is withdrawn stays so.

    An address of which all of that is withdrawn already makes no further choice.
    """
    for some in chunks(off):
        query = select(withdrawals.c.address, withdrawals.c.opens, withdrawals.c.clicks, withdrawals.c.at)
        found = {row.address: row for row in connection.execute(query.where(withdrawals.c.address.in_(some)))}
        rows = []
        for address in some:
            opens, clicks = off[address]
            now = found.get(address)
            if now is not None and now.at > at:  # a choice from a clock that is ahead
                write_choice(
                    connection, address, now.at + 1,
                    opens=False if opens else None, clicks=False if clicks else None, evidence=evidence,
                )  # fmt: skip
            elif now is None or (opens and not now.opens) or (clicks and not now.clicks):
                before = (False, False) if now is None else (now.opens, now.clicks)
                both = {"opens": opens or before[0], "clicks": clicks or before[1]}
                rows.append({"address": address, **both, "at": at, "evidence": storable(evidence)})
        if rows:
            insert = insert_into(connection.dialect, tracking_choices)
            new = {name: insert.excluded[name] for name in ("opens", "clicks", "evidence")}
            connection.execute(insert.on_conflict_do_update(index_elements=["address", "at"], set_=new), rows)
            insert = insert_into(connection.dialect, withdrawals)
            new = {name: insert.excluded[name] for name in ("opens", "clicks", "at", "evidence", "copy")}
            change = insert.on_conflict_do_update(index_elements=["address"], set_=new)
            connection.execute(change, [{**row, "copy": None} for row in rows])


def made_a_statement(connection: Connection, address: str) -> bool:
    """Whether the address ever made a choice."""
    return connection.execute(select(withdrawals.c.at).where(withdrawals.c.address == address)).first() is not None
