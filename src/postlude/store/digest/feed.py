"""The feed: every event and correction in the order in which they were digested, one compressed row a batch.

Written in the transaction of the projections. Event `n` of a row has the number `first + n`.
"""

import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, select, update

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.store.base import TopicQueries
from postlude.store.digest.tables import feed

WORKSPACE: Final = 1
_LEVEL: Final = 1  # twice the bytes of level 6, a fifth of its time

_encode: Final = msgspec.msgpack.Encoder(enc_hook=str).encode
_Row = tuple[int, str, int, int, int, int, str, int, int, int, str, str | None, str]


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch says to the readers of the feed."""

    first: int = 0
    """Number of the first event; given by the feed."""
    events: Sequence[Event] = ()
    """New events, and corrections: whole events that take the place of those with the same ids."""
    erase: Sequence[int] = ()
    """Copies of which opens, clicks and visited pages are deleted before."""
    remove: Sequence[int] = ()
    """Events that are deleted before."""

    @property
    def last(self) -> int:
        """Number of the last event."""
        return self.first + self.count - 1

    @property
    def count(self) -> int:
        """How many numbers it takes: one where it only deletes."""
        return max(len(self.events), 1)


class _Body(msgspec.Struct, array_like=True):
    """What is compressed. Facts and reasons are written once, however many events share them."""

    rows: list[_Row]
    reasons: list[tuple[str, ...]]
    facts: list[dict[str, str]]
    erase: list[int]
    remove: list[int]


_decode: Final = msgspec.msgpack.Decoder(_Body).decode


def pack_entry(entry: FeedEntry) -> bytes:
    """The body of a row. Raises for what no store could hold."""
    reasons: dict[tuple[str, ...], int] = {}
    facts: dict[int, int] = {}
    every: list[dict[str, str]] = []
    rows = []
    for event in entry.events:
        told = facts.get(id(event.facts))
        if told is None:
            told = facts[id(event.facts)] = len(every)
            every.append(event.facts)
        why = reasons.setdefault(event.reasons, len(reasons))
        rows.append(
            (
                event.id, event.kind, event.at, event.message, event.copy, event.position, event.verdict, why,
                event.rules_version, told, event.address, event.first_verdict, event.cause,
            )
        )  # fmt: skip
    body = (rows, list(reasons), every, list(entry.erase), list(entry.remove))
    return zlib.compress(_encode(body), _LEVEL)


def unpack_entry(first: int, workspace: int, body: bytes) -> FeedEntry:
    """Read `pack_entry` back."""
    read = _decode(zlib.decompress(body))
    events = [
        Event(
            number, EventKind(kind), at, message, copy, position, Verdict(verdict),
            read.reasons[why], rules, read.facts[told], address, workspace,
            None if before is None else Verdict(before), cause,
        )
        for number, kind, at, message, copy, position, verdict, why, rules, told, address, before, cause in read.rows
    ]  # fmt: skip
    return FeedEntry(first=first, events=events, erase=read.erase, remove=read.remove)


class FeedQueries(TopicQueries):
    """Reads the feed, and ends what is older than its time."""

    def head(self) -> int:
        """The number of the newest event; 0 when there never was one."""
        with self._database.read() as connection:
            return next_number(connection) - 1

    def oldest(self) -> int:
        """The number of the oldest event that is kept; 1 when there never was one."""
        with self._database.read() as connection:
            return connection.execute(select(feed.c.first).order_by(feed.c.first).limit(1)).scalar() or 1

    def after(self, number: int) -> Iterator[FeedEntry]:
        """Every row with events behind `number`, oldest first."""
        columns = feed.c.first, feed.c.workspace, feed.c.body
        while True:
            with self._database.read() as connection:
                query = select(*columns).where(feed.c.first + feed.c.count > number + 1)
                row = connection.execute(query.where(feed.c.first > number - _LONGEST).order_by(feed.c.first)).first()
            if row is None:
                return
            entry = unpack_entry(row.first, row.workspace, row.body)
            yield entry
            number = entry.last

    def skip_to(self, number: int, at: int) -> None:
        """Go on behind `number`: a reader knows that many, so this state was put back from a backup."""
        with self._database.write() as connection:
            if next_number(connection) <= number:
                empty = {"first": number, "workspace": WORKSPACE, "count": 1, "at": at}
                connection.execute(self._insert(feed).values(body=pack_entry(FeedEntry()), **empty))

    def trim(self, before: int, read_to: int) -> None:
        """Delete what was digested before `before`, as far as the history has it; the newest row stays."""
        with self._database.write() as connection:
            newest = next_number(connection) - 1
            old = feed.c.at < before, feed.c.first + feed.c.count - 1 <= min(read_to, newest - 1)
            connection.execute(delete(feed).where(*old))

    def forget(self, copies: Collection[int], address: str) -> None:
        """Keep only kind and time of the events of these copies and of all that name `address`."""
        wanted = set(copies)
        for entry in self.after(0):
            named = [event.copy in wanted or _names(event, address) for event in entry.events]
            if not any(named):
                continue
            events = [_bare(event) if mine else event for event, mine in zip(entry.events, named, strict=True)]
            body = pack_entry(FeedEntry(events=events, erase=entry.erase, remove=entry.remove))
            with self._database.write() as connection:
                connection.execute(update(feed).where(feed.c.first == entry.first).values(body=body))


_LONGEST: Final = 1 << 20
"""More numbers than a row has."""


def next_number(connection: Connection) -> int:
    """The number of the next event."""
    row = connection.execute(select(feed.c.first + feed.c.count).order_by(feed.c.first.desc()).limit(1)).first()
    return 1 if row is None else int(row[0])


def _names(event: Event, address: str) -> bool:
    return any(address in value.lower() for value in event.facts.values())


def _bare(event: Event) -> Event:
    return msgspec.structs.replace(event, facts={}, address="", rules_version=0)
