"""Send a copy again because a user asked for it."""

from typing import NamedTuple

from postlude.kit.clock import Clock
from postlude.kit.ids import id_text
from postlude.model.errors import InputError, NotFoundError
from postlude.model.observation import Resend
from postlude.model.words import MAY_GO_AGAIN, CopyStatus
from postlude.store import Store
from postlude.store.messages.rows import Copy


class Chosen(NamedTuple):
    """Request that one copy is sent again; the journal record takes effect in the digest."""

    observation: Resend
    recipient: str
    status: CopyStatus


def choose_copies(store: Store, number: int, clock: Clock, *, every: bool = False) -> list[Chosen]:
    """What resending a copy, or a message's indeterminate copies, means; with `every` all that may go again.

    NotFoundError when nothing has this id; InputError when nothing of it may be sent again, with the reason.
    """
    copies = store.messages.copies(number)
    if not copies:
        return [_chosen(_may_go(store, number), clock)]
    wanted = [one for one in copies if one.status is CopyStatus.INDETERMINATE or (every and one.status in MAY_GO_AGAIN)]
    if not wanted:
        raise InputError(f"no copy of message {id_text(number)} is indeterminate; name a copy, or give --all")
    return [_chosen(one, clock) for one in wanted]


def _may_go(store: Store, number: int) -> Copy:
    try:
        copy = store.messages.copy(number)
    except NotFoundError:
        raise NotFoundError(f"no copy and no message has the id {id_text(number)}") from None
    if copy.status not in MAY_GO_AGAIN:
        raise InputError(f"the copy to {copy.recipient} is {copy.status}: {_why_not(copy)}")
    return copy


def _chosen(copy: Copy, clock: Clock) -> Chosen:
    return Chosen(Resend(clock.now(), copy.message, copy.id), copy.recipient, copy.status)


def _why_not(copy: Copy) -> str:
    if copy.status is CopyStatus.SENT:
        return "the next server accepted it; sending it again would bring it twice. Write a new message"
    return "it is on its way already"
