"""Visits of the sender's own browser, and of colleagues' browsers: told by the mark that the edge stored."""

from typing import Final, Protocol

import msgspec

from postlude.classify import COLLEAGUES_VISIT, OWN_VISIT, Judgement, judge
from postlude.kit.ids import parse_id
from postlude.model.errors import NotFoundError
from postlude.model.observation import Hit
from postlude.services.digest.hits import OWN_MARK, HitClassifier
from postlude.store import Store

_REMEMBERED: Final = 4_096


class SenderOf(Protocol):
    """Who sent a message."""

    def __call__(self, message: int, /) -> int | None:
        """The user's id; None when the message is not known."""
        ...


class OwnVisits:
    """A classifier before the rules: the sender's own visits are told to them as `self`.

    `colleagues_count`: visits of other users of this instance are judged like those of recipients; else they are left
    out like the sender's own.
    """

    def __init__(self, sender_of: SenderOf, *, colleagues_count: bool, classifier: HitClassifier = judge) -> None:
        self._sender_of = sender_of
        self._senders: dict[int, int] = {}
        self._colleagues_count = colleagues_count
        self._classify = classifier

    def __call__(self, hit: Hit, /, *, sent_at: int | None) -> Judgement:
        """As `judge`."""
        mark = hit.facts.get(OWN_MARK)
        if mark and (whose := self._whose(mark, hit.message)):
            hit = msgspec.structs.replace(hit, facts=hit.facts | {"self": whose})
        return self._classify(hit, sent_at=sent_at)

    def _whose(self, mark: str, message: int) -> str:
        """The fact for the rules; empty where the visit is judged as a recipient's."""
        user = parse_id(mark.partition(":")[0])
        if user is None:
            return ""
        if user == self._sender(message):
            return OWN_VISIT
        return "" if self._colleagues_count else COLLEAGUES_VISIT

    def know(self, message: int, sender: int) -> None:
        """A message that is about to be stored."""
        if len(self._senders) >= _REMEMBERED:
            self._senders.clear()
        self._senders[message] = sender

    def _sender(self, message: int) -> int | None:
        """Not remembered while it is not known: after a restore, hits may be read before their message."""
        sender = self._senders.get(message)
        if sender is None and (sender := self._sender_of(message)) is not None:
            self.know(message, sender)
        return sender


def sender_in(store: Store) -> SenderOf:
    """Who sent a message, by its id; None for one that is not known."""

    def sender(message: int) -> int | None:
        try:
            return store.messages.get(message).user
        except NotFoundError:
            return None

    return sender
