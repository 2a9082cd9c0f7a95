"""The public JSON of a timeline: the same from the running app, from the stores and on the command line."""

from typing import Any

import msgspec

from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError
from postlude.services.reports.messages import Reports
from postlude.services.reports.shapes import SentMessage


def story(reports: Reports, query: str, limit: int) -> dict[str, Any]:
    """`{"query", "messages": [{"message": MessageView, "timeline": [TimelineEntry]}]}`, newest message first.

    Asked for an address, of a message to many only the copy to that address is shown.

    Ids are 16 hexadecimal digits, as everywhere outside: JSON numbers lose 63-bit ids in many readers.
    """
    own = parse_id(query)
    recipient = query if "@" in query else ""
    found = [own] if own is not None else reports.find(query, limit)
    try:
        messages = [
            {
                "message": _outside(reports.message(number, recipient)),
                "timeline": [_outside(entry) for entry in reports.timeline(number, recipient)],
            }
            for number in found
        ]
    except NotFoundError:
        messages = []
    return {"query": query, "messages": messages}


def message_of(reports: Reports, number: int) -> dict[str, Any]:
    """One message with its copies and links; NotFoundError when it is not there."""
    return _outside(reports.message(number))


def sent_of(row: SentMessage) -> dict[str, Any]:
    """One line of the list of sent messages."""
    return _outside(row)


def timeline_of(reports: Reports, number: int) -> list[dict[str, Any]]:
    """The newest events of a message, oldest first."""
    return [_outside(entry) for entry in reports.timeline(number)]


def _outside(value: object) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(value)
    return _with_text_ids(built)


def _with_text_ids(value: dict[str, Any]) -> dict[str, Any]:
    for name, item in value.items():
        if name in {"message", "copy"} and isinstance(item, int):
            value[name] = id_text(item)
        elif isinstance(item, list | tuple):
            for one in item:
                if isinstance(one, dict):
                    _with_text_ids(one)
    return value
