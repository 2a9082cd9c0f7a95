"""Telling open pages that a message changed."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from collections.abc import Set as AbstractSet
from typing import Final, Protocol

MAX_PENDING: Final = 10_000  # message ids buffered for one slow listener


class Subscribable(Protocol):
    """The part of `Changes` that pages and programs need."""

    def subscribe(self) -> AsyncIterator[AbstractSet[int]]:
        """Message ids as they change, from now on."""
        ...


class Changes:
    """Published from any thread, heard in any event loop. What a slow listener missed is merged, never queued up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[_Listener] = set()

    def publish(self, messages: Iterable[int]) -> None:
        """Announce that these messages changed. Never blocks, never fails."""
        ids = frozenset(messages)
        if not ids:
            return
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.tell(ids)

    async def subscribe(self) -> AsyncIterator[frozenset[int]]:
        """The ids that changed since the last step, as they come. Ends when the caller stops iterating.

        Listening begins with the first `anext()`, so a page that loads its data after it misses nothing. When more than
        MAX_PENDING ids gather between two steps, an empty set comes: everything may have changed.
        """
        listener = _Listener(asyncio.get_running_loop())
        with self._lock:
            self._listeners.add(listener)
        try:
            while True:
                yield await listener.next()
        finally:
            with self._lock:
                self._listeners.discard(listener)


class _Listener:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._pending: set[int] = set()
        self._overflow = False
        self._ready = asyncio.Event()

    def tell(self, ids: frozenset[int]) -> None:
        with self._lock:
            told = bool(self._pending) or self._overflow
            self._pending |= ids
            if len(self._pending) > MAX_PENDING:
                self._pending.clear()
                self._overflow = True
        if not told and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ready.set)

    async def next(self) -> frozenset[int]:
        await self._ready.wait()
        with self._lock:
            self._ready.clear()
            ids = frozenset() if self._overflow else frozenset(self._pending)
            self._pending.clear()
            self._overflow = False
        return ids
