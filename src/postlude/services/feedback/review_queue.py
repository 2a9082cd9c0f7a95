"""The queue of what came back and fits nothing: who sees what, what it may belong to, and a person's decision."""

from collections.abc import Sequence
from typing import Final

import msgspec

from postlude.feedback import FindingKind
from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.ids import parse_id
from postlude.model.errors import InputError, NotFoundError
from postlude.model.not_mailed import NoMailing
from postlude.model.observation import Resolved
from postlude.model.words import EventKind
from postlude.services.digest.attribution import event_of
from postlude.store import Copy, Store, Unmatched, User

CANDIDATES: Final = 8
PAGE: Final = 50
"""Questions shown at once; each looks for the copies it may belong to."""
_BATCH: Final = 500
_DAYS: Final = 90
_ANY_SENDER: Final = "*"


class CopyCandidate(msgspec.Struct, frozen=True):
    """A copy it may belong to."""

    copy: int
    message: int
    recipient: str
    subject: str
    created_at: int


class Question(msgspec.Struct, frozen=True):
    """One thing that waits for a decision."""

    row: Unmatched
    candidates: tuple[CopyCandidate, ...]
    linked: CopyCandidate | None
    """What it is linked to without counting for it."""

    @property
    def asks_to_leave(self) -> bool:
        """Whether it is a wish that keeps mailings away until it is accepted or dismissed."""
        return self.row.reason == NoMailing.ASKS_TO_LEAVE

    @property
    def tieable(self) -> bool:
        """Whether it would mean something for a copy."""
        return event_of(FindingKind(self.row.kind or FindingKind.MAIL.value)) is not EventKind.UNMATCHED


class Waiting(msgspec.Struct, frozen=True):
    """One page of what waits."""

    questions: tuple[Question, ...]
    older: int
    """The last one's id when more wait behind it; 0: this is the last page."""


def questions(
    store: Store, user: User, clock: Clock, *, address: str = "", after: int = 0, limit: int = PAGE
) -> Waiting:
    """Waiting findings, newest first, after the one with the id `after`. The operator sees all.

    `address`: offer the copies to it as well. NotFoundError when there is no unmatched mail with the id `after`.
    """
    seen: list[Unmatched] = []
    last = store.feedback.unmatched(after) if after else None
    while len(seen) <= limit:
        rows = store.feedback.list_unmatched(_BATCH, after=last)
        seen += _visible(store, user, rows)
        if len(rows) < _BATCH:
            break
        last = rows[-1]
    shown = tuple(_question(store, user, clock, row, address) for row in seen[:limit])
    return Waiting(shown, seen[limit - 1].id if len(seen) > limit else 0)


def question(store: Store, user: User, clock: Clock, unmatched: int) -> Question:
    """One of them; NotFoundError when there is none for this user."""
    row = store.feedback.unmatched(unmatched)
    if not _visible(store, user, [row]):
        raise NotFoundError(f"none of your unmatched mail has the id {unmatched:016x}")
    return _question(store, user, clock, row, "")


def accept_wish(store: Store, user: User, clock: Clock, unmatched: int) -> Resolved:
    """As `decide_question`: the observation that a wish to be taken off is accepted, for the copy that was answered."""
    asked = question(store, user, clock, unmatched)
    if not asked.asks_to_leave:
        raise InputError("this does not ask to be taken off: assign it to what it answers, or dismiss it")
    return decide_question(store, user, clock, unmatched, asked.row.copy)


def decide_question(store: Store, user: User, clock: Clock, unmatched: int, copy: int) -> Resolved:
    """The observation of a decision: assign to `copy`, or dismiss when it is 0. The caller journals it.

    Raises NotFoundError for an unknown one or a copy that is not the user's, InputError when it is already decided or
    is not about a copy.
    """
    asked = question(store, user, clock, unmatched)
    if asked.row.state != "open":
        raise InputError(f"this was already {asked.row.state}")
    if copy:
        if not _owns(store, user, store.messages.copy(copy)):
            raise NotFoundError(f"no copy of yours has the id {copy:016x}")
        if not asked.tieable:
            raise InputError("this mail is about no copy: dismiss it")
    return Resolved(clock.now(), unmatched, copy, user.id)


def _question(store: Store, user: User, clock: Clock, row: Unmatched, address: str) -> Question:
    since = clock.now() - _DAYS * 86_400 * MICROS_PER_SECOND
    addresses = dict.fromkeys(filter(None, (address, row.facts.get("recipient"), row.facts.get("sender"))))
    copies = [copy for one in addresses for copy in store.messages.copies_to(one, since)[:CANDIDATES]]
    linked = _stored(store, row.copy)
    if linked is not None:
        copies.insert(0, linked)
    elif message := _message(row):
        copies = [*store.messages.copies(message)[:CANDIDATES], *copies]
    found = {copy.id: copy for copy in copies if _owns(store, user, copy)}
    shown = _candidates(store, list(found.values())[: 2 * CANDIDATES])
    return Question(row, tuple(shown), next((one for one in shown if one.copy == row.copy), None))


def _candidates(store: Store, copies: Sequence[Copy]) -> list[CopyCandidate]:
    messages = store.messages.get_many({copy.message for copy in copies})
    return [
        CopyCandidate(copy.id, copy.message, copy.recipient, message.subject, message.created_at)
        for copy in copies
        if (message := messages.get(copy.message))
    ]


def _stored(store: Store, copy: int) -> Copy | None:
    return store.messages.copies_by_id([copy]).get(copy) if copy else None


def _message(row: Unmatched) -> int:
    """The message it is linked to; 0: none."""
    return parse_id(row.facts.get("message", "")) or 0


def _visible(store: Store, user: User, rows: Sequence[Unmatched]) -> list[Unmatched]:
    """Those that are about the user's own messages; all of them for who runs the server."""
    if _ANY_SENDER in user.senders:
        return list(rows)
    messages = store.messages.get_many({_message(row) for row in rows})
    return [row for row in rows if (message := messages.get(_message(row))) and message.user == user.id]


def may_decide(store: Store, user: User, row: Unmatched) -> bool:
    """Whether this user may decide about it: it is about a message of theirs, or they run the server."""
    return bool(_visible(store, user, [row]))


def _owns(store: Store, user: User, copy: Copy) -> bool:
    if _ANY_SENDER in user.senders:
        return True
    message = store.messages.get_many([copy.message]).get(copy.message)
    return message is not None and message.user == user.id
