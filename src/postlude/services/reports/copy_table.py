"""Copies with what became of them, as a table: one row a copy."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from postlude.kit.data_table import CellKind, CellValue, Column, DataTable
from postlude.kit.ids import id_text
from postlude.services.reports.messages import copy_views_of
from postlude.store import Message, Store

_AT_ONCE: Final = 1_000
_MESSAGES: Final = 50
_T, _W = CellKind.TIME, CellKind.WHOLE
COPY_COLUMNS_SHOWN: Final = (
    Column("copy"), Column("message"), Column("campaign"), Column("subject"), Column("recipient"), Column("status"),
    Column("delivered"), Column("delivered_at", _T), Column("opens", _W), Column("opens_unknown", _W),
    Column("opens_machine", _W), Column("first_open_at", _T), Column("last_open_at", _T), Column("clicks", _W),
    Column("clicks_unknown", _W), Column("clicks_machine", _W), Column("replied_at", _T), Column("unsubscribed_at", _T),
    Column("complained_at", _T), Column("bounced_at", _T), Column("bounce_reason"),
)  # fmt: skip
"""All but the first five are fields of `CopyView`."""
_VIEWED: Final = tuple(column.name for column in COPY_COLUMNS_SHOWN[4:])


def copies_table(store: Store, messages: Sequence[int], name: str = "recipients") -> DataTable:
    """Every copy of these messages."""
    return DataTable(name, COPY_COLUMNS_SHOWN, _rows(store, store.messages.get_many(set(messages)).values()))


def every_copy(store: Store, user: int | None = None) -> DataTable:
    """Every copy that a user sent, or that there is."""
    return DataTable("copies", COPY_COLUMNS_SHOWN, _all_rows(store, user))


def _all_rows(store: Store, user: int | None) -> Iterator[list[CellValue]]:
    for some in store.messages.in_parts(user, _MESSAGES):
        yield from _rows(store, some)


def _rows(store: Store, messages: Iterable[Message]) -> Iterator[list[CellValue]]:
    every = {message.id: message for message in messages}
    names = store.campaigns.names_of(every)
    for copies in store.campaigns.recipients_in_parts(list(every), _AT_ONCE):
        for view, copy in zip(copy_views_of(store, copies), copies, strict=True):
            subject = every[copy.message].subject
            first = [id_text(copy.id), id_text(copy.message), names.get(copy.message), subject]
            yield [*first, *(getattr(view, field) for field in _VIEWED)]
