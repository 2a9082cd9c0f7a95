"""A message that a program hands in again, because it does not know whether it arrived, is accepted once.

A name is reserved with the hash of the body and the message's id; the message is accepted with that id; the answer is
kept. After a crash in between, a repeated call finds the reservation without an answer and hands in the same message
again: it has the same id and the same bytes, and what the digest knows already it does not count twice.
"""

import asyncio
from collections.abc import Awaitable
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.ids import new_id
from postlude.model.errors import InputError
from postlude.store import Reservation, Store

KEPT_SECONDS: Final = 7 * 86_400
"""How long a name stands for its message."""
LONGEST_NAME: Final = 255


class ReusedNameError(InputError):
    """The name was used for another body. Use a new Idempotency-Key for another message."""


class UnderWayError(InputError):
    """A call with this name is being answered just now. Repeat it in a second."""


class AcceptNumbered(Protocol):
    """Accepts the message with this id, handed in at this time."""

    def __call__(self, message: int, at: int, /) -> Awaitable[dict[str, str]]:
        """What the program is answered once it is durable; InputError, StorageError."""
        ...


class IdempotentAnswer(NamedTuple):
    """What a program is answered."""

    answer: dict[str, str]
    replayed: bool
    """It was accepted before."""


class IdempotentCalls:
    """Accepts once what is handed in under one name. There is one of it, in the process that answers the API."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._open: Final = set[tuple[int, str]]()

    async def run(self, user: int, name: str, body: bytes, accept: AcceptNumbered) -> IdempotentAnswer:
        """Accept the message, or answer what was answered under this name.

        UnderWayError while another call with the name is answered, ReusedNameError when it stands for another body,
        InputError for a name that is none; and what `accept` raises: after an InputError the name is free again.
        """
        if not 0 < len(name) <= LONGEST_NAME or not name.isascii() or not name.isprintable():
            raise InputError(f"an Idempotency-Key has 1 to {LONGEST_NAME} printable ASCII characters")
        call = (user, name)
        if call in self._open:
            raise UnderWayError(f"a call with the Idempotency-Key {name!r} is being answered; repeat it in a second")
        self._open.add(call)
        try:
            return await self._run(await asyncio.to_thread(self._reserve, user, name, body), accept)
        finally:
            self._open.discard(call)

    def _reserve(self, user: int, name: str, body: bytes) -> Reservation:
        now, hashed = self._clock.now(), blake2b(body, digest_size=32, person=b"idempotency").digest()
        wanted = Reservation(user=user, name=name, body=hashed, message=new_id(), at=now)
        found = self._store.idempotency.reserve(wanted, now - KEPT_SECONDS * MICROS_PER_SECOND)
        if found.body != hashed:
            raise ReusedNameError(f"the Idempotency-Key {name!r} was used for another body; use a new one")
        return found

    async def _run(self, reserved: Reservation, accept: AcceptNumbered) -> IdempotentAnswer:
        if reserved.answer is not None:
            return IdempotentAnswer(reserved.answer, replayed=True)
        try:
            answer = await accept(reserved.message, reserved.at)
        except InputError:
            await asyncio.to_thread(self._store.idempotency.release, reserved)
            raise
        await asyncio.to_thread(self._store.idempotency.answered, reserved, answer)
        return IdempotentAnswer(answer, replayed=False)
