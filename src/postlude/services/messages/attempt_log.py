"""Journals that attempts start: durably, just before a connection takes a copy's first byte.

What is journaled here and has no result when its worker dies may have arrived; everything else it had claimed has not.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Final, Protocol

from postlude.kit.clock import Clock
from postlude.model.observation import AttemptStarted, encode_observation
from postlude.services.ports import Append

_SMOOTH: Final = 8


def _forget(_copy: int) -> None:
    """Without a file that says it, all that was journaled as started may have left."""


class Startable(Protocol):
    """A claim, of a single mail or a campaign."""

    @property
    def copy(self) -> int:
        """What is about to leave."""
        ...

    @property
    def generation(self) -> int:
        """Of the state that let it be claimed."""
        ...


class CopyTaken(Protocol):
    """Is told that the first byte of a copy may leave."""

    def __call__(self, copy: int, /) -> None:
        """Returns at once."""
        ...


class AttemptLog:
    """One for all connections of a worker: what they ask for while the disk takes a record is the next one."""

    def __init__(self, append: Append, clock: Clock) -> None:
        self.sync_s = 0.0
        """How long a record takes to be durable, averaged."""
        self.took: CopyTaken = _forget
        """Called with each copy when its first byte may leave, in the same turn of the loop."""
        self._append: Final = append
        self._clock: Final = clock
        self._asked: list[tuple[Startable, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    def ask(self, claim: Startable) -> "asyncio.Future[None]":
        """Have it journaled; the future ends when it is durable, or with the error that says why not."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append((claim, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="attempts that start")
        return future

    async def _write_all(self) -> None:
        """One record at a time: what is asked for while the disk works would wait for it in any case."""
        while self._asked:
            asked, self._asked = self._asked, []
            _tell(asked, await self._written([claim for claim, _ in asked]))
        self._writing = None

    async def _written(self, claims: Sequence[Startable]) -> Exception | None:
        began = perf_counter()
        try:
            await self._append(encode_observation(started_of(claims, self._clock.now())))
        except Exception as refused:  # noqa: BLE001 - whatever it is, those who wait must be answered
            return refused
        self.sync_s += (perf_counter() - began - self.sync_s) / _SMOOTH
        return None


def _tell(asked: Sequence[tuple[Startable, "asyncio.Future[None]"]], error: Exception | None) -> None:
    for _, future in asked:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
            future.exception()  # the caller may have stopped waiting: that is fine


class JournaledStart:
    """The start of one attempt: an `AttemptStart` of the ports."""

    def __init__(self, log: AttemptLog, claim: Startable) -> None:
        self._log: Final = log
        self._claim: Final = claim
        self._future: asyncio.Future[None] | None = None
        self.taken = False
        """Whether a byte of the message may have left."""

    @property
    def sync_s(self) -> float:
        """How long `durable` takes after `ask`, about."""
        return self._log.sync_s

    def ask(self) -> None:
        """Have it journaled; nothing the second time."""
        if self._future is None:
            self._future = self._log.ask(self._claim)

    async def durable(self) -> None:
        """Return when it is on the disk; StorageError when the disk refused: then no byte may leave."""
        self.ask()
        assert self._future is not None
        await self._future
        self._log.took(self._claim.copy)
        self.taken = True


def started_of(claims: Sequence[Startable], now: int) -> AttemptStarted:
    """What is journaled before the first byte of these copies leaves."""
    return AttemptStarted(now, tuple(claim.copy for claim in claims), max(claim.generation for claim in claims))
