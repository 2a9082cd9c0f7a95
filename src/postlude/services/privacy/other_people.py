"""What of returned mail is told to the person who asks: not what belongs to others as well (GDPR, Art. 15(4)).

Mail that the person wrote is told whole. Of mail that another person wrote and that names the address it is told that
it is there, not its words and not its writer. What machines report is told without the addresses of others.
"""

import re
from collections.abc import Mapping
from typing import Final

from postlude.model.address import AddressError, read_mailbox
from postlude.model.domain_name import address_key
from postlude.model.words import EventKind

BY_ANOTHER: Final = "written by another person, whose rights forbid to show it here"
_BY_PEOPLE: Final = frozenset({
    EventKind.REPLIED.value, EventKind.AUTORESPONDED.value, EventKind.UNSUBSCRIBED.value, EventKind.DISPLAYED.value,
    "reacted", "mail", "unreadable", "",
})  # fmt: skip
"""Kinds of findings whose mail a person wrote, or may have written."""
_OF_THEM: Final = frozenset({"text", "sender", "subject", "recipient", "wish", "conflict", "server"})
"""Facts that hold what a writer wrote, or who they are."""
_AN_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
_SYSTEMS: Final = frozenset({"mailer-daemon", "postmaster", "noreply", "no-reply", "double-bounce"})
_HIDDEN_ADDRESS: Final = "(another address)"


def told_facts(kind: str, facts: Mapping[str, str], address: str, *, of_a_copy: bool) -> dict[str, str]:
    """What of these facts may be told to the owner of `address`. `of_a_copy`: they answer a mail that went there."""
    if not facts:
        return {}
    writer = _key(facts.get("sender", ""))
    mine = address_key(address)
    if kind in _BY_PEOPLE:
        if writer == mine or (not writer and of_a_copy):
            return dict(facts)
        kept = {name: value for name, value in facts.items() if name not in _OF_THEM}
        return {name: without_others(value, address) for name, value in kept.items()} | {"mail": BY_ANOTHER}
    return {name: without_others(value, address) for name, value in facts.items()}


def without_others(text: str, address: str) -> str:
    """The text without addresses of others; those of mail systems stay."""
    mine = address_key(address)

    def shown(match: re.Match[str]) -> str:
        found = match[0]
        known = _key(found) == mine or found.partition("@")[0].lower() in _SYSTEMS
        return found if known else _HIDDEN_ADDRESS

    return _AN_ADDRESS.sub(shown, text)


def _key(text: str) -> str:
    if not text:
        return ""
    try:
        return address_key(read_mailbox(text).spelled)
    except AddressError:
        return text.strip().lower()
