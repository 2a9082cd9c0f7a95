"""What the results of a campaign are made of: hours, programs, families of mailboxes, reasons."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, func, select

from postlude.store.base import TopicQueries, as_struct
from postlude.store.campaigns.report import count_funnel
from postlude.store.campaigns.rows import Funnel
from postlude.store.messages.copy_states import CopyStates, StateCount
from postlude.store.messages.tables import copy_activity, message_clients, message_hours


class HitCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Opens and clicks, by whom."""

    opens: int = 0
    """By people."""
    opens_unknown: int = 0
    opens_machine: int = 0
    clicks: int = 0
    clicks_unknown: int = 0
    clicks_machine: int = 0


class HourCounts(HitCounts, frozen=True, kw_only=True):
    """Those of one hour."""

    hour: int
    """Since the epoch."""


class ClientCounts(HitCounts, frozen=True, kw_only=True):
    """Those of one program."""

    client: str
    """Empty: not known."""


class Breakdowns(TopicQueries):
    """Reads only. All of it is kept ready: nothing grows with the copies of a campaign but reasons with its bounces."""

    def hours(self, messages: Sequence[int]) -> list[HourCounts]:
        """Every hour in which any of these messages was opened or clicked, in order."""
        rows = self._summed(message_hours, "hour", messages)
        return [as_struct(HourCounts, row) for row in rows]

    def clients(self, messages: Sequence[int]) -> list[ClientCounts]:
        """Every program that opened or clicked any of these messages."""
        rows = self._summed(message_clients, "client", messages)
        return [as_struct(ClientCounts, row) for row in rows]

    def providers(self, messages: Sequence[int]) -> dict[str, Funnel]:
        """The funnel of these messages together, by family of mailboxes; empty: all others. Without `left_all`."""
        found: dict[str, list[StateCount]] = {}
        for one in CopyStates(self._database).of_messages(messages):
            found.setdefault(one.provider, []).append(one)
        return {provider: Funnel(message=0, **count_funnel(states)) for provider, states in found.items()}

    def bounce_reasons(self, messages: Sequence[int]) -> dict[str, int]:
        """Copies of these messages that came back, by reason, the most frequent first."""
        done, number = copy_activity.c, func.count().label("number")
        wanted = done.message.in_(messages), done.bounced_at.is_not(None)
        query = select(done.bounce_reason, number).where(*wanted).group_by(done.bounce_reason)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(number.desc(), done.bounce_reason))
            return {row.bounce_reason: row.number for row in rows}

    def _summed(self, table: Table, key: str, messages: Sequence[int]) -> Sequence[Any]:
        counts = [func.sum(table.c[name]).label(name) for name in HitCounts.__struct_fields__]
        query = select(table.c[key], *counts).where(table.c.message.in_(messages))
        with self._database.read() as connection:
            return connection.execute(query.group_by(table.c[key]).order_by(table.c[key])).all()
