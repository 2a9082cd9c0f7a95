"""Large messages are read beside the digest: the journal they are in waits meanwhile, and no other does.

So that the small ones do not wait with them, those who take mail in write large ones to a journal of their own.
"""

from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Generic, Protocol, TypeVar

from postlude.mail.limits import LARGE
from postlude.model.observation import Submitted
from postlude.services.digest.item import Item
from postlude.services.digest.ports import HeldBack

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class MailSize(Protocol):
    """How many bytes of mail are stored: `Spool.size`."""

    def __call__(self, message: int, /) -> int:
        """0 when there are none."""
        ...


class ReadMail(Protocol[T_co]):
    """Reads a submitted message; safe in any thread."""

    def __call__(self, submitted: Submitted, /) -> T_co:
        """May raise, as a step may."""
        ...


class LargeMail(Generic[T]):
    """Owned by the digest's thread; reads one at a time in another."""

    def __init__(self, read: ReadMail[T], size: MailSize) -> None:
        self._read: Final = read
        self._size: Final = size
        self._threads: Final = ThreadPoolExecutor(1, thread_name_prefix="large mail")
        self._reading: Final[dict[int, Future[T]]] = {}
        self._held: dict[int, Future[T]] = {}

    @property
    def pending(self) -> bool:
        """Whether there is a message that was met and not taken."""
        return bool(self._reading)

    def held(self) -> frozenset[int]:
        """Writers whose journals wait."""
        self._held = {writer: future for writer, future in self._held.items() if not future.done()}
        return frozenset(self._held)

    def without_unread(self, items: Sequence[Item]) -> list[Item]:
        """Without large messages that are not read yet, and what is behind them in the same journals."""
        kept, held = [], {}
        for item in items:
            if item.record.writer in held:
                continue
            seen = item.observation
            future = self._begun(seen) if isinstance(seen, Submitted) else None
            if future is None or future.done():
                kept.append(item)
            else:
                held[item.record.writer] = future
        self._held |= held
        return kept

    def take(self, submitted: Submitted) -> T:
        """What reading it gave; a small one is read now."""
        future = self._reading.pop(submitted.message, None)
        return self._read(submitted) if future is None else future.result()

    def _begun(self, submitted: Submitted) -> "Future[T] | None":
        message = submitted.message
        if message not in self._reading and self._size(message) > LARGE:
            self._reading[message] = self._threads.submit(self._read, submitted)
        return self._reading.get(message)


class _NothingHeld:
    pending = False

    def held(self) -> Collection[int]:
        return ()

    def without_unread(self, items: Sequence[Item], /) -> list[Item]:
        return list(items)


NOTHING_HELD: Final[HeldBack] = _NothingHeld()
