"""What a message is for, as far as its head tells."""

from typing import Final

from postlude.mail.header_block import HeaderBlock
from postlude.model.errors import InputError
from postlude.model.words import MessagePurpose

PURPOSE_FIELD: Final = "X-Postlude-Purpose"
_TO_MANY: Final = frozenset({"bulk", "list", "junk"})
_ON: Final = frozenset({"on", "yes", "true", "1"})


def read_purpose(word: str) -> MessagePurpose:
    """The purpose with this name; InputError for other words."""
    try:
        return MessagePurpose(word.strip().lower())
    except ValueError:
        names = ", ".join(MessagePurpose)
        raise InputError(f"{PURPOSE_FIELD} or a purpose is one of {names}, not {word.strip()[:40]!r}") from None


def purpose_of(head: HeaderBlock, usual: str = "") -> MessagePurpose | None:
    """The purpose of a message: its own header field, else `usual` (of the login), else MAILING if it looks like one.

    None: unknown. InputError if its own field names another word.
    """
    if head.all(PURPOSE_FIELD.lower()):
        return read_purpose(head.first(PURPOSE_FIELD.lower()))
    if usual:
        return MessagePurpose(usual)
    return MessagePurpose.MAILING if _is_to_many(head) else None


def _is_to_many(head: HeaderBlock) -> bool:
    """Whether it has the header fields of mailings. Resent mail has those of the original, which do not count."""
    if head.all("resent-from"):
        return False
    return (
        any(head.all(name) for name in ("list-unsubscribe", "list-id"))
        or head.first("precedence").strip().lower() in _TO_MANY
        or head.first("x-postlude-unsubscribe").strip().lower() in _ON
    )
