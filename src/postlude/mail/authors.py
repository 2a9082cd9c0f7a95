"""Who a mail says it is from: the fields that name authors and senders, and what is wrong with them."""

from typing import Final, NamedTuple

from postlude.mail.header_block import HeaderBlock
from postlude.mail.limits import ADDRESSES

AUTHORS: Final = ("from", "sender", "resent-from", "resent-sender")
"""Fields with authors and senders of a message: all must belong to who hands it in."""


class AuthorFault(NamedTuple):
    """Why a mail is refused, whoever hands it in."""

    status: str
    """As SMTP says it."""
    text: str


def author_fault(head: HeaderBlock) -> AuthorFault | None:
    """What is wrong with the fields of authors; None when they can be asked for their addresses."""
    if len(head.all("from")) != 1:
        return AuthorFault("554 5.6.0", "The message must have exactly one From header (RFC 5322 3.6)")
    if not head.addresses("from"):
        return AuthorFault("554 5.6.0", "The From header has no address; set one in your mail program")
    for name in AUTHORS:
        if head.first(name) and not head.addresses(name):
            return AuthorFault("554 5.6.0", f"The {name.title()} header has no address; remove it or name one")
        if len(head.addresses(name)) > ADDRESSES:
            return AuthorFault(
                "552 5.3.4", f"The {name.title()} header has more than the {ADDRESSES:,} addresses taken here"
            )
    return None
