"""Why a message may not go to an address: which reason ends which purpose, and how it is told.

A reason is the word of a suppression (`complained`, `unknown_user`, `manual`, an operator's own), or one of those here.
"""

from enum import StrEnum
from typing import Final

from postlude.model.words import MessagePurpose

UNSUBSCRIBED: Final = "unsubscribed"
"""The one suppression that ends mailings alone: its owner asked for no more of them."""


class NoMailing(StrEnum):
    """Why mailings alone do not reach an address that is not suppressed."""

    ASKS_TO_LEAVE = "asks_to_leave"  # in an answer; held back until a person decides
    CONSENT_WITHDRAWN = "consent_withdrawn"
    LEFT_THE_LIST = "left_the_list"
    LEFT = "left"  # a list, and is subscribed to none


_TOLD: Final = {
    UNSUBSCRIBED: "the recipient unsubscribed from mailings; personal mail and receipts still leave",
    NoMailing.ASKS_TO_LEAVE: "the recipient asks in an answer to be taken off; accept or dismiss that under Unmatched",
    NoMailing.CONSENT_WITHDRAWN: "the recipient withdrew their consent to be mailed",
    NoMailing.LEFT_THE_LIST: "the recipient left the list",
    NoMailing.LEFT: "the recipient left a list and is subscribed to none; only they can come back",
}


def ends(reason: str, purpose: MessagePurpose) -> bool:
    """Whether a suppression with this reason ends messages of this purpose to its address."""
    return purpose is MessagePurpose.MAILING or reason != UNSUBSCRIBED


def told(reason: str) -> str:
    """A sentence for whoever wonders why a copy did not leave."""
    default = f"the address is on the suppression list ({reason}); take it off to send again"
    return _TOLD.get(reason, default)
