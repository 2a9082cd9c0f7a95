"""What may be recorded of an address: the one place where that is decided, and where a choice is written.

`tracking_choices` holds every word an address said, or an operator wrote down for it; `withdrawals` holds the last one,
for joins. Single mail and campaigns ask before they leave, the edges' list says it of mail already sent, and the digest
asks what held when a hit was seen.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Connection, Select, select

from postlude.store.base import clean, insert_into
from postlude.store.messages.tables import copies
from postlude.store.privacy.rows import TrackingStatement
from postlude.store.privacy.tables import tracking_choices, withdrawals

WITHDRAWN: Final = withdrawals.c.opens | withdrawals.c.clicks
"""The condition on `withdrawals`: not everything may be recorded now."""


class MayRecord(NamedTuple):
    """What may be recorded."""

    opens: bool = True
    clicks: bool = True


EVERYTHING: Final = MayRecord()


def may_record(statements: Sequence[TrackingStatement], at: int) -> MayRecord:
    """What might be recorded at `at` of an address that said all this, oldest first: a choice acts from its time."""
    last = next((one for one in reversed(statements) if one.at <= at), None)
    return EVERYTHING if last is None else MayRecord(not last.opens, not last.clicks)


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
    """What an address (as `address_key` has it) said at `at`: True allows, False withdraws, None says nothing.

    Acts from `at` on, whoever wrote it down and whenever it arrives here; the latest word is the one that holds now.
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
        "evidence": clean(evidence),
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


def made_a_statement(connection: Connection, address: str) -> bool:
    """Whether the address ever said what may be recorded."""
    return connection.execute(select(withdrawals.c.at).where(withdrawals.c.address == address)).first() is not None
