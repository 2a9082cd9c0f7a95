"""Whether a login may write as an address."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from postlude.mail.mailboxes import read_one_mailbox
from postlude.model.address import Mailbox
from postlude.model.domain_name import address_key, same_domain
from postlude.model.errors import InputError


def may_send_as(address: str, patterns: Iterable[str]) -> bool:
    """True when `address` is one of `patterns` (`anna@example.org`, `*@example.org`), whatever case and spelling."""
    wanted = address_key(address)
    return any(fnmatchcase(wanted, sender_pattern(pattern).replace("[", "[[]")) for pattern in patterns)


def permitted_sender(login: str, senders: Iterable[str], text: str) -> Mailbox:
    """The one mailbox that was typed as a sender; InputError unless the login, with these patterns, may write as it."""
    sender = read_one_mailbox(text)
    if not may_send_as(sender.spelled, (login, *senders)):
        raise InputError(
            f"{sender.spelled} is not an address that {login} may send as. "
            f"The operator can allow it: postlude user send-as {login} {sender.spelled}"
        )
    return sender


def sender_pattern(pattern: str) -> str:
    """A pattern as it is stored and compared: lower case, its domain in A-labels."""
    local, at, domain = pattern.strip().rpartition("@")
    below = "*." if domain.startswith("*.") else ""
    return f"{local.lower()}{at}{below}{same_domain(domain.removeprefix(below))}"
