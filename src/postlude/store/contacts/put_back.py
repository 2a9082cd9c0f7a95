"""Restore lists from an export. A contact who left a list stays so: a file never overrides a person."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from postlude.kit.ids import new_id
from postlude.model.words import MemberStatus
from postlude.store.base import chunks, insert_into
from postlude.store.contacts.leaving import has_left
from postlude.store.contacts.tables import contacts, list_members, lists


def join_named_lists(
    connection: Connection, names: Iterable[tuple[str, int]], known: dict[str, int], at: int, source: str
) -> None:
    """Subscribe contacts to lists by name; a list that is not there is made, private and with double opt-in.

    `known` remembers the lists' ids from batch to batch.
    """
    rows: list[dict[str, Any]] = []
    for name, contact in names:
        key = name.lower()
        if key not in known:
            known[key] = _list_called(connection, name, at)
        rows.append(
            {
                "list": known[key],
                "contact": contact,
                "status": MemberStatus.SUBSCRIBED.value,
                "source": source,
                "subscribed_at": at,
            }
        )
    gone = {
        row[0]
        for some in chunks(dict.fromkeys(row["contact"] for row in rows))
        for row in connection.execute(select(contacts.c.id).where(contacts.c.id.in_(some), has_left()))
    }
    rows = [row for row in rows if row["contact"] not in gone]
    if rows:
        connection.execute(insert_into(connection.dialect, list_members).on_conflict_do_nothing(), rows)


def _list_called(connection: Connection, name: str, at: int) -> int:
    row = {
        "id": new_id(),
        "name": name,
        "key": name.lower(),
        "description": "",
        "double_optin": True,
        "public": False,
        "consent_text": "",
        "sender": "",
        "created_at": at,
    }
    statement = insert_into(connection.dialect, lists).values(row)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
    return int(connection.execute(select(lists.c.id).where(lists.c.key == name.lower())).scalar_one())
