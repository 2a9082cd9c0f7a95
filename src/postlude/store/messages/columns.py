"""Messages and links as rows of their tables."""

from typing import Any

import msgspec

from postlude.store.base import storable
from postlude.store.messages.rows import Link, Message


def message_row(message: Message) -> dict[str, Any]:
    """The columns of `messages`."""
    row = msgspec.structs.asdict(message)
    for name in ("subject", "sender", "mail_from", "envid", "ret", "untracked"):
        row[name] = storable(row[name])
    return (
        row
        | {"message_id": storable(message.message_id.strip().strip("<>")), "via": message.via.value}
        | {"purpose": message.purpose.value}
    )


def link_row(link: Link) -> dict[str, Any]:
    """The columns of `links`."""
    row = msgspec.structs.asdict(link)
    return row | {name: storable(row[name]) for name in ("url", "label", "reason")}
