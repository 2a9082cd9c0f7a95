"""The history in one DuckDB file, owned by one process."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from postlude.history.duck_file import DuckFile
from postlude.history.event_export import export_statement
from postlude.history.event_rows import COLUMNS, EventRows, read_event, read_reasons
from postlude.history.interface import CopyKey, Count, CrowdedAddress, HitTotal, LinkTotal, ReasonCount
from postlude.history.merging import EVERY, PLACES, RUN_ROWS, among, between, merge_step, stride_of
from postlude.model.errors import StorageError
from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.named_address import may_name_pattern, names_address
from postlude.model.segment import SegmentLabel
from postlude.model.words import PEOPLE, EventKind, Verdict

_MOVE: Final = """
UPDATE positions SET segment = $segment, "offset" = $offset, generation = $generation WHERE writer = $writer
"""
_BEGIN: Final = "INSERT INTO positions VALUES ($writer, $segment, $offset, $generation)"
_THESE: Final = "seen_at BETWEEN $first AND $last AND id IN (SELECT unnest($events))"
_REMOVED: Final = "id IN (SELECT unnest($events))"
_PEOPLE: Final = ", ".join(f"'{verdict}'" for verdict in sorted(PEOPLE))
_MACHINES: Final = "'machine', 'machine_suspected'"
_OUTDATED: Final = "rules_version > 0 AND rules_version < $rules"
_JUDGED_SINCE: Final = "rules_version > 0 AND seen_at >= $since"
# What proxies and relays ask for is not looked at with its neighbours, and would be most of what shares an address.
_NO_PROXY: Final = "NOT contains(reasons, 'image-proxy') AND NOT contains(reasons, 'apple-')"
_PROGRAM: Final = r"""regexp_extract(facts, '"user_agent":"((?:[^"\\]|\\.)*)"', 1)"""
_WORDS: Final = "'replied', 'autoresponded', 'displayed', 'unmatched'"
_TRACKS: Final = "'opened', 'clicked', 'viewed'"
_HOUR_US: Final = 3_600_000_000
_COUNTED: Final = 250_000
"""Events whose addresses are counted at a time."""
_NAMED: Final = 200
"""Messages that a query names; with more of them few row groups would be skipped."""


class DuckHistory:
    """`History` on DuckDB. One thread appends at a time; any number read, each on its own cursor."""

    def __init__(self, file: DuckFile, *, run_rows: int = RUN_ROWS) -> None:
        self._file = file
        self._query = self._file.query
        self._run_rows = run_rows
        self._merging = True
        self._rows = EventRows()

    def append(
        self,
        events: Sequence[Event],
        positions: Mapping[int, JournalPosition],
        *,
        erase: Sequence[int] = (),
        remove: Sequence[int] = (),
        replace: Sequence[Event] = (),
        labels: Sequence[SegmentLabel] = (),
        generation: int = 0,
        number: int = 0,
    ) -> None:
        """Add events and the place to read on from, durably, all or nothing; after deleting what they replace."""
        rows = self._rows.of(events, number)
        with self._file.transaction(adding=len(rows)) as connection:
            if erase:
                _erase(connection, erase)
            if remove:
                _delete(connection, _REMOVED, {"events": list(remove)})
            if replace:
                _take_out(connection, replace)
            if rows:
                self._file.add_rows(rows)
            for writer, (segment, offset) in positions.items():
                # Replacing a row costs 2 ms of processor time, more than a thousand events; changing it 0.6 ms.
                change = _MOVE if writer in self._file.writers else _BEGIN
                values = {"writer": writer, "segment": segment, "offset": offset, "generation": generation}
                connection.execute(change, values)
            if number:
                last = number + max(len(rows), 1) - 1
                connection.execute("UPDATE feed_cursor SET number = $number", {"number": last})
            for label in labels:
                connection.execute("INSERT INTO journal_labels VALUES ($1, $2, $3, $4, $5)", list(label))
        self._file.writers.update(positions)
        self._file.unmerged += len(rows)

    def cursor(self) -> int:
        """The number of the last event that was read from the feed."""
        return int(self._query("SELECT coalesce(max(number), 0) FROM feed_cursor")[0][0])

    def of_ids(self, wanted: Mapping[int, int]) -> list[Event]:
        """The events with these ids, which were seen at these times."""
        if not wanted:
            return []
        times = wanted.values()
        values = {"events": list(wanted), "first": min(times), "last": max(times)}
        return [read_event(row) for row in self._query(f"SELECT {COLUMNS} FROM {EVERY} WHERE {_THESE}", values)]  # noqa: S608 - fixed text

    def positions(self) -> dict[int, JournalPosition]:
        """Where to read on, by writer."""
        rows = self._query('SELECT writer, segment, "offset" FROM positions')
        return {writer: JournalPosition(segment, offset) for writer, segment, offset in rows}

    def journal_labels(self) -> list[SegmentLabel]:
        """Every segment of a journal that was ever read from."""
        rows = self._query("SELECT writer, segment, name, identity, key FROM journal_labels")
        return [SegmentLabel(*row) for row in rows]

    def generation(self) -> int:
        """The furthest generation of the state that was seen."""
        return int(self._query("SELECT coalesce(max(generation), 0) FROM positions")[0][0])

    def rehearse(self) -> None:
        """Write a row and take it out again, in the file itself: adding reads what was added last."""
        self.append([Event(0, EventKind.OPENED, 0, 0, 0)], {})
        self._file.run("DELETE FROM events WHERE id = 0", "FORCE CHECKPOINT")

    def damage(self) -> str:
        """Read every column of every row; returns DuckDB's error, else nothing."""
        try:
            # Not `max` or `count`: those are known without reading a row.
            there = {name for (name,) in self._query("SELECT table_name FROM duckdb_tables()")}
            for place in there.intersection(PLACES):  # an older version's file may lack one
                self._query(f"SELECT bit_xor(hash({COLUMNS})) FROM {place}")  # noqa: S608 - fixed text
            self._query("SELECT bit_xor(hash(positions)) FROM positions")
            self._query("SELECT bit_xor(hash(journal_labels)) FROM journal_labels")
        except (StorageError, duckdb.Error) as error:
            return str(error)
        return ""

    def timeline(self, message: int, copy: int | None = None, *, limit: int = 10_000) -> list[Event]:
        """The events of one message, or of one copy of it, oldest first."""
        only = "" if copy is None else " AND copy = $copy"
        wanted = {"message": message, "limit": limit} | ({} if copy is None else {"copy": copy})
        newest = (
            f"SELECT {COLUMNS} FROM {EVERY} WHERE message = $message{only} ORDER BY seen_at DESC, id DESC LIMIT $limit"  # noqa: S608 - fixed text
        )
        return [read_event(row) for row in reversed(self._query(newest, wanted))]

    def since(self, at: int, kinds: Sequence[EventKind], *, limit: int = 10_000) -> list[Event]:
        """Events of these kinds seen at or after `at`, oldest first."""
        wanted = {"at": at, "kinds": [kind.value for kind in kinds], "limit": limit}
        where = "seen_at >= $at AND kind IN (SELECT unnest($kinds))"
        newest = f"SELECT {COLUMNS} FROM {EVERY} WHERE {where} ORDER BY seen_at DESC, id DESC LIMIT $limit"  # noqa: S608 - fixed text
        return [read_event(row) for row in reversed(self._query(newest, wanted))]

    def of_visitors(self, messages: Collection[int], addresses: Collection[str], first: int, last: int) -> list[Event]:
        """Judged events of these messages from these addresses, seen between `first` and `last`, in no order."""
        query = (
            f"SELECT {COLUMNS} FROM {EVERY} WHERE rules_version > 0 AND seen_at BETWEEN $first AND $last "  # noqa: S608 - fixed text
            f"AND {among('message', messages)} AND address IN (SELECT unnest($addresses)) AND {_NO_PROXY}"
        )
        values = {"addresses": list(addresses), "first": first, "last": last}
        return [read_event(row) for row in self._query(query, values)]

    def crowded_addresses(self, after: int, last: int | None, least: int, within: int) -> list[CrowdedAddress]:
        """Addresses from which one program may have asked for `least` copies of a message in so many microseconds."""
        messages = f"message > {after:d}" + ("" if last is None else f" AND message <= {last:d}")
        # One message may have millions of events, which are counted in parts of the addresses: memory is bounded.
        parts = int(self._query(f"SELECT count(*) FROM {EVERY} WHERE {messages}")[0][0]) // _COUNTED + 1  # noqa: S608 - numbers
        # So many copies within a time lie in two neighbouring spans of it at most: half of them in one.
        spans = (
            f"SELECT message, address, count(*) AS events, count(DISTINCT copy) AS copies FROM {EVERY} "  # noqa: S608 - numbers
            f"WHERE {messages} AND rules_version > 0 AND address <> '' AND copy <> 0 "
            f"AND hash(address) % {parts} = $part AND {_NO_PROXY} "
            f"GROUP BY message, address, {_PROGRAM}, seen_at // $within"
        )
        query = (
            f"SELECT message, address, sum(events)::BIGINT FROM ({spans}) "  # noqa: S608 - fixed text
            "GROUP BY message, address HAVING max(copies) >= $half ORDER BY message, address"
        )
        values = {"half": (least + 1) // 2, "within": within}
        return [CrowdedAddress(*row) for part in range(parts) for row in self._query(query, {**values, "part": part})]

    def of_copies(self, copies: Sequence[int], messages: Collection[int] = ()) -> list[Event]:
        """Every event of these copies, oldest first."""
        where = f"{_of_messages(messages)}copy IN (SELECT unnest($copies))"
        query = f"SELECT {COLUMNS} FROM {EVERY} WHERE {where} ORDER BY seen_at, id"  # noqa: S608 - fixed text
        return [read_event(row) for row in self._query(query, {"copies": list(copies)})]

    def tracks(self, copies: Sequence[int], *, since: int) -> list[Event]:
        """Opens, clicks and visited pages of these copies seen at or after `since`, oldest first."""
        query = (
            f"SELECT {COLUMNS} FROM {EVERY} WHERE seen_at >= $since AND kind IN ({_TRACKS}) "  # noqa: S608 - fixed text
            "AND copy IN (SELECT unnest($copies)) ORDER BY seen_at, id"
        )
        return [read_event(row) for row in self._query(query, {"copies": list(copies), "since": since})]

    def forget(self, copies: Sequence[int], address: str) -> None:
        """Remove everything but kind and time from the events of these copies and from all that name `address`."""
        change = "UPDATE {} SET facts = '{{}}', address = '', rules_version = 0 WHERE "
        self._change(change + "copy IN (SELECT unnest($copies))", {"copies": list(copies)})
        query = f"SELECT id, facts FROM {EVERY} WHERE regexp_matches(facts, $pattern)"  # noqa: S608 - fixed text
        found = self._query(query, {"pattern": may_name_pattern(address)})
        named = [row[0] for row in found if names_address(row[1], address)]
        self._change(change + "id IN (SELECT unnest($named))", {"named": named})

    def forget_before(self, at: int) -> None:
        """Delete all events from before `at`."""
        self._change("DELETE FROM {} WHERE seen_at < $at", {"at": at})

    def forget_words_before(self, at: int) -> None:
        """Take the words from replies and other mail that came back before `at`; that they came stays."""
        old = f"seen_at < $at AND kind IN ({_WORDS}) AND facts <> '{{{{}}}}'"
        self._change("UPDATE {} SET facts = '{{}}' WHERE " + old, {"at": at})  # noqa: S608 - fixed text

    def _change(self, statement: str, values: dict[str, Any]) -> None:
        """Run it on each table of events, all or nothing."""
        with self._file.transaction() as connection:
            for place in PLACES:
                connection.execute(statement.format(place), values)

    def merge(self) -> bool:
        """Bring the events of one message closer together, one slice a step; True when there is more to do."""
        if not self._file.is_quiet() or not (self._merging or self._file.unmerged >= self._run_rows):
            return False
        with self._file.transaction() as connection:
            self._merging = merge_step(connection, self._run_rows)
            self._file.unmerged = int(connection.execute("SELECT count(*) FROM events").fetchall()[0][0])
        return self._merging

    def hold_order(self, *, hold: bool) -> None:
        """Whether what keeps the file in order waits: many rows will be replaced."""
        self._file.hold_order(hold=hold)

    def leave_no_remains(self) -> None:
        """Rewrite the history, so that its file contains no deleted data."""
        self._file.write_anew()

    def outdated(self, rules_version: int) -> int:
        """How many events were judged by older rules than these."""
        return int(self._query(f"SELECT count(*) FROM {EVERY} WHERE {_OUTDATED}", {"rules": rules_version})[0][0])  # noqa: S608 - fixed text

    def judged(self, since: int) -> int:
        """How many events were judged by rules and seen at or after `since`."""
        return int(self._query(f"SELECT count(*) FROM {EVERY} WHERE {_JUDGED_SINCE}", {"since": since})[0][0])  # noqa: S608 - fixed text

    def slice_ends(self, events: int) -> list[CopyKey]:
        """Keys in their order, between which about so many events lie each: one pass, however many there are."""
        stride = stride_of(events)
        seen = " UNION ALL ".join(f"SELECT message, copy FROM {place} WHERE rowid % {stride} = 0" for place in PLACES)  # noqa: S608 - numbers
        placed = f"SELECT message, copy, row_number() OVER (ORDER BY message, copy) AS place FROM ({seen})"  # noqa: S608 - fixed text
        query = f"SELECT DISTINCT message, copy FROM ({placed}) WHERE place % {events // stride} = 0 ORDER BY ALL"  # noqa: S608 - numbers
        return [CopyKey(*row) for row in self._query(query)]

    def judged_between(self, after: CopyKey, end: CopyKey | None, since: int) -> list[Event]:
        """The judged events, and replies, of the copies behind `after` up to `end` (None: all that follow)."""
        here = between(after, end)
        wanted = f"{here} AND copy <> 0 AND (rules_version > 0 OR kind = 'replied')"
        if since:
            wanted += f" AND copy IN (SELECT copy FROM {EVERY} WHERE {here} AND {_JUDGED_SINCE})"  # noqa: S608 - fixed text
        query = f"SELECT {COLUMNS} FROM {EVERY} WHERE {wanted} ORDER BY message, copy, seen_at, id"  # noqa: S608 - numbers
        return [read_event(row) for row in self._query(query, {"since": since} if since else {})]

    def changed_since(self, number: int, copies: Sequence[int]) -> set[int]:
        """Those of these copies with events behind this number of the feed."""
        query = f"SELECT DISTINCT copy FROM {EVERY} WHERE number > $number AND copy IN (SELECT unnest($copies))"  # noqa: S608 - fixed text
        return {row[0] for row in self._query(query, {"number": number, "copies": list(copies)})}

    def link_totals(self, messages: Sequence[int], *, without: Sequence[int] = ()) -> list[LinkTotal]:
        """Clicks on every link of these messages that has any."""
        query = (
            f"SELECT message, position, count(*) FILTER (verdict IN ({_PEOPLE})), "  # noqa: S608 - fixed text
            f"count(*) FILTER (verdict IN ({_MACHINES})), count(*) FILTER (verdict = 'unknown'), "
            f"max(seen_at) FILTER (verdict IN ({_PEOPLE})) FROM {EVERY} "
            f"WHERE {_of_messages(messages)}message IN (SELECT unnest($messages)) "
            "AND kind = 'clicked' AND position >= 0 "
            "AND copy NOT IN (SELECT unnest($without)) "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        )
        values = {"messages": list(messages), "without": list(without) or [0]}
        return [LinkTotal(*row) for row in self._query(query, values)]

    def hit_totals(self, messages: Sequence[int], *, without: Sequence[int] = ()) -> list[HitTotal]:
        """Opens and clicks of these messages by hour, program and verdict."""
        query = (
            f"SELECT message, seen_at // {_HOUR_US}, coalesce(facts->>'$.client', ''), kind, verdict, count(*) "  # noqa: S608 - fixed text
            f"FROM {EVERY} WHERE {_of_messages(messages)}message IN (SELECT unnest($messages)) "
            "AND kind IN ('opened', 'clicked') AND copy NOT IN (SELECT unnest($without)) GROUP BY ALL ORDER BY ALL"
        )
        rows = self._query(query, {"messages": list(messages), "without": list(without) or [0]})
        return [HitTotal(m, h, client, EventKind(kind), Verdict(v), n) for m, h, client, kind, v, n in rows]

    def counts(self, message: int | None = None) -> list[Count]:
        """Events and copies by kind and verdict, of one message or of all."""
        where = "" if message is None else "WHERE message = $message"
        query = f"SELECT kind, verdict, count(*), count(DISTINCT copy) FROM {EVERY} {where} GROUP BY ALL ORDER BY ALL"  # noqa: S608 - fixed text
        rows = self._query(query, {} if message is None else {"message": message})
        return [Count(EventKind(kind), Verdict(verdict), events, copies) for kind, verdict, events, copies in rows]

    def reason_counts(self, messages: Sequence[int]) -> list[ReasonCount]:
        """Opens and clicks of these messages by verdict and reasons."""
        query = (
            f"SELECT kind, verdict, reasons, count(*) FROM {EVERY} WHERE {among('message', messages)} "  # noqa: S608 - fixed text
            "AND kind IN ('opened', 'clicked') GROUP BY ALL ORDER BY ALL"
        )
        rows = self._query(query) if messages else []
        return [
            ReasonCount(EventKind(kind), Verdict(verdict), read_reasons(reasons), events)
            for kind, verdict, reasons, events in rows
        ]

    def export_events(self, path: Path, messages: Collection[int] | None = None) -> int:
        """Write every event, or those of these messages, to a Parquet file; how many."""
        values: dict[str, Any] = {"path": str(path)} | ({} if messages is None else {"messages": list(messages)})
        return int(self._query(export_statement(chosen=messages is not None), values)[0][0])

    def total(self) -> int:
        """How many events there are."""
        return int(self._query(f"SELECT count(*) FROM {EVERY}")[0][0])  # noqa: S608 - fixed text

    def close(self) -> None:
        """Checkpoint and let go of the file."""
        self._file.close()


def _take_out(connection: duckdb.DuckDBPyConnection, events: Sequence[Event]) -> None:
    """Delete the earlier rows of these events. Their times and keys keep it from looking through the whole table."""
    times, copies = [event.at for event in events], [event.copy for event in events]
    these = {"events": [event.id for event in events], "first": min(times), "last": max(times)}
    near = f"{_of_messages({event.message for event in events})}copy BETWEEN {min(copies):d} AND {max(copies):d}"
    _delete(connection, f"{near} AND {_THESE}", these)


def _delete(connection: duckdb.DuckDBPyConnection, where: str, values: dict[str, Any]) -> None:
    for place in PLACES:
        connection.execute(f"DELETE FROM {place} WHERE {where}", values)  # noqa: S608 - fixed text


def _erase(connection: duckdb.DuckDBPyConnection, copies: Sequence[int]) -> None:
    theirs, values = "copy IN (SELECT unnest($copies))", {"copies": list(copies)}
    _delete(connection, f"{theirs} AND kind IN ({_TRACKS})", values)
    # The unsubscribe must be kept to be honoured; its program and address need not.
    for place in PLACES:
        kept = f"UPDATE {place} SET facts = '{{}}', address = '' WHERE {theirs} AND kind = 'unsubscribed'"  # noqa: S608 - fixed text
        connection.execute(kept, values)


def _of_messages(messages: Collection[int]) -> str:
    """The condition that lets other messages' row groups be skipped; empty when that would not help."""
    return f"{among('message', messages)} AND " if 0 < len(messages) <= _NAMED else ""
