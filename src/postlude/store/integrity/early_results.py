"""Results of copies that are not there yet, inside the digest's transaction."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, select

from postlude.model.words import CopyStatus, SendOutcome
from postlude.store.base import chunks
from postlude.store.integrity.tables import early_results
from postlude.store.messages.rows import AttemptResult
from postlude.store.messages.tables import copies

_OPEN: Final = frozenset({CopyStatus.QUEUED.value, CopyStatus.DEFERRED.value, CopyStatus.CLAIMED.value})
STARTED: Final = "it was begun before the database was put back, and no answer is known: it may have arrived"


def unknown_copies(connection: Connection, wanted: Collection[int]) -> set[int]:
    """Which of these copies are not there."""
    there = {row[0] for some in chunks(wanted) for row in connection.execute(_of(some))}
    return set(wanted) - there


def _of(some: Sequence[int]) -> Any:  # noqa: ANN401 - a Select
    return select(copies.c.id).where(copies.c.id.in_(some))


def waiting_copies(connection: Connection, wanted: Iterable[int]) -> set[int]:
    """Which of these copies would be sent automatically."""
    query = select(copies.c.id).where(copies.c.status.in_(_OPEN))
    return {row[0] for some in chunks(wanted) for row in connection.execute(query.where(copies.c.id.in_(some)))}


def started_result(copy: int) -> AttemptResult:
    """The result of a copy of which only the beginning of an attempt is known."""
    return AttemptResult(copy, SendOutcome.INDETERMINATE, 0, 0, text=STARTED)


def keep(connection: Connection, insert: Any, results: Iterable[AttemptResult]) -> None:  # noqa: ANN401 - Insert
    """Store these until their copies arrive: the latest per copy, but nothing replaces ACCEPTED."""
    latest: dict[int, AttemptResult] = {}
    for result in results:
        if (known := latest.get(result.copy)) is None or known.outcome is not SendOutcome.ACCEPTED:
            latest[result.copy] = result
    kept = {one.copy for one in _kept(connection, latest) if one.outcome is SendOutcome.ACCEPTED}
    rows = [
        {"copy": one.copy, "message": one.message, "result": msgspec.to_builtins(one)}
        for one in latest.values()
        if one.copy not in kept
    ]
    if rows:
        newer = {"result": insert.excluded.result, "message": insert.excluded.message}
        connection.execute(insert.on_conflict_do_update(index_elements=["copy"], set_=newer), rows)


def take_early_results(connection: Connection, arrived: Collection[int]) -> list[AttemptResult]:
    """The stored results of these copies, which now exist."""
    found = _kept(connection, arrived)
    for some in chunks(one.copy for one in found):
        connection.execute(delete(early_results).where(early_results.c.copy.in_(some)))
    return found


def _kept(connection: Connection, wanted: Iterable[int]) -> list[AttemptResult]:
    query = select(early_results.c.result)
    return [
        msgspec.convert(row[0], AttemptResult)
        for some in chunks(wanted)
        for row in connection.execute(query.where(early_results.c.copy.in_(some)))
    ]
