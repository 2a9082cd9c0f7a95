"""Known guarantees, broken on purpose: a simulation that does not notice proves nothing.

Each is a way in which the program could be wrong and look right. `python -m simulation --mutation NAME` tries one.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final
from unittest.mock import patch

from postlude.classify import copy_window, window_rules
from postlude.history.duck import DuckHistory
from postlude.journal import JournalWriter, frame
from postlude.journal.segment import OpenSegment
from postlude.services.digest.reconsider import Windows
from postlude.services.messages.recovery import Recovery
from postlude.store.digest.apply_batch import DigestQueries
from postlude.store.messages import workers
from postlude.tokens import copy_tokens

Mutation = Callable[[], AbstractContextManager[object]]


def _replaced(owner: type, name: str, make: Callable[[Any], Any]) -> AbstractContextManager[object]:
    return patch.object(owner, name, make(getattr(owner, name)))


def state_keeps_no_place() -> AbstractContextManager[object]:
    """The state forgets how far it has read: after a start everything is added again."""

    def forgetting(real: Any) -> Any:
        def note(self: DigestQueries, connection: Any, batch: Any) -> None:
            real(self, connection, _without_places(batch))

        return note

    return _replaced(DigestQueries, "_note", forgetting)


def _without_places(batch: Any) -> Any:
    import msgspec  # noqa: PLC0415 - for this mutation alone

    return msgspec.structs.replace(batch, positions={})


@contextmanager
def history_counts_a_replay_twice() -> Iterator[None]:
    """What the history has is given to it again at a start."""

    def adding(real: Any) -> Any:
        return lambda self, events, positions, **named: real(self, events, positions, **(named | {"replace": ()}))

    with _replaced(DuckHistory, "append", adding), patch.object(DuckHistory, "cursor", lambda _self: 0):
        yield


@contextmanager
def torn_tail_is_believed() -> Iterator[None]:
    """A frame is taken for whole without its checksum."""
    real = frame.find_frame

    def find(view: memoryview, start: int, seed: int = 0) -> frame.JournalFrame | None:
        with patch.object(frame, "crc32", lambda *_: int.from_bytes(bytes(view[start + 12 : start + 16]), "little")):
            return real(view, start, seed)

    with patch.object(frame, "find_frame", find):
        yield


def answered_before_it_is_durable() -> AbstractContextManager[object]:
    """A frame is written and not synced."""

    def append(self: OpenSegment, data: bytes) -> int:
        start = self.end
        self._disk.write(self._fd, data, start)
        self.end = start + len(data)
        return start

    return patch.object(OpenSegment, "append", append)


def loss_is_not_counted() -> AbstractContextManager[object]:
    """A batch the disk refused is delivered as if it were stored."""
    return patch.object(JournalWriter, "_failed", lambda _self, _error, _records: None)


def any_token_is_genuine() -> AbstractContextManager[object]:
    """A token's MAC is not compared."""
    return patch.object(copy_tokens, "compare_digest", lambda _mine, _given: True)


def batch_is_half_applied() -> AbstractContextManager[object]:
    """The state commits before it has moved its place."""

    def committing(real: Any) -> Any:
        def note(self: DigestQueries, connection: Any, batch: Any) -> None:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            real(self, connection, batch)

        return note

    return _replaced(DigestQueries, "_note", committing)


def events_and_place_apart() -> AbstractContextManager[object]:
    """The history commits events first and their place later."""

    def apart(real: Any) -> Any:
        def append(self: DuckHistory, events: Any, positions: Any, **named: Any) -> None:
            real(self, events, {}, **named)
            real(self, [], positions)

        return append

    return _replaced(DuckHistory, "append", apart)


def started_is_forgotten() -> AbstractContextManager[object]:
    """Nobody knows which copies were about to leave: after a crash they leave again."""
    return patch.object(DigestQueries, "_begin", lambda _self, _connection, _batch: None)


def indeterminate_is_sent_again() -> AbstractContextManager[object]:
    """What a dead worker was handing over goes out once more."""

    async def settle(self: Recovery, dead: Any) -> None:
        left = self._store.sending.left_in_flight(dead)
        self._store.campaigns.postpone([claim.copy for claim in left], 0)
        await asyncio.to_thread(self._store.sending.end_workers, dead)

    return patch.object(Recovery, "_settle", settle)


def any_journal_is_the_workers_own() -> AbstractContextManager[object]:
    """What a dead worker had claimed is given back, whether or not the journal is the one that it wrote."""
    return patch.object(workers, "_without_whole_journal", lambda *_, **__: [])


@contextmanager
def proxy_repeats_count() -> Iterator[None]:
    """An image proxy that asks again counts again."""
    with (
        patch.object(copy_window, "repeats", lambda *_: False),
        patch.object(window_rules, "repeats", lambda *_: False),
    ):
        yield


@contextmanager
def failed_batch_is_remembered() -> Iterator[None]:
    """Hits of a batch that could not be written stay in the windows: read again, they are their own repeats."""

    def remembering(real: Any) -> Any:
        def review(self: Windows, items: Any) -> Any:
            made = real(self, items)
            self.done(made)
            return made

        return review

    with _replaced(Windows, "review", remembering), patch.object(Windows, "forget", lambda _self: None):
        yield


MUTATIONS: Final[dict[str, Mutation]] = {
    mutation.__name__: mutation
    for mutation in (
        state_keeps_no_place,
        history_counts_a_replay_twice,
        torn_tail_is_believed,
        answered_before_it_is_durable,
        loss_is_not_counted,
        any_token_is_genuine,
        batch_is_half_applied,
        events_and_place_apart,
        started_is_forgotten,
        indeterminate_is_sent_again,
        any_journal_is_the_workers_own,
        proxy_repeats_count,
        failed_batch_is_remembered,
    )
}
