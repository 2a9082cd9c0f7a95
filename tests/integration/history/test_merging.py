"""Sorted runs change where events lie and nothing else."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import msgspec
import pytest

from postlude.history import open_history
from postlude.history.duck import DuckHistory
from postlude.history.duck_file import DuckFile
from postlude.history.merging import EVERY, merge_step
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict

_ROWS = 64


def _open(path: Path) -> DuckHistory:
    return DuckHistory(DuckFile(path, memory_limit="64MB", threads=2), run_rows=_ROWS)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[DuckHistory]:
    with closing(_open(tmp_path / "history.duckdb")) as opened:
        yield opened


def _events(first: int, count: int, seed: int = 7, messages: int = 9) -> list[Event]:
    """Events of a few messages with ids all over, in the order of their times."""
    draw = random.Random(seed + first)
    found = []
    for number in range(first, first + count):
        message = draw.randrange(1, messages) * 1_000_003
        kind = draw.choice([EventKind.OPENED, EventKind.CLICKED, EventKind.SENT])
        copy = message + draw.randrange(5)
        found.append(Event(number, kind, number * 10, message, copy, verdict=Verdict.HUMAN, facts={"n": str(number)}))
    return found


def _merge_all(history: DuckHistory) -> int:
    steps = 0
    while history.merge():
        steps += 1
    return steps


def _ids(history: DuckHistory, message: int) -> list[int]:
    return [event.id for event in history.timeline(message)]


def _expected(events: list[Event], message: int) -> list[int]:
    return [event.id for event in events if event.message == message]


def _runs(path: Path) -> list[tuple[int, int, int]]:
    with duckdb.connect(str(path)) as opened:
        return opened.execute("SELECT run, level, target FROM runs ORDER BY run").fetchall()


def test_few_events_are_left_where_they_are(history: DuckHistory) -> None:
    history.append(_events(1, _ROWS - 1), {})
    assert not history.merge()
    assert history.total() == _ROWS - 1


def test_a_merged_history_answers_as_before(history: DuckHistory) -> None:
    events = _events(1, 40 * _ROWS)
    for start in range(0, len(events), 100):
        history.append(events[start : start + 100], {}, number=start + 1)
        history.merge()
    _merge_all(history)
    assert history.total() == len(events)
    for message in {event.message for event in events}:
        assert _ids(history, message) == _expected(events, message)
    copy = events[0].copy
    theirs = [event for event in events if event.copy == copy]
    assert history.timeline(events[0].message, copy) == theirs
    assert history.of_copies([copy]) == theirs
    assert history.of_copies([copy], {events[0].message}) == theirs
    assert history.changed_since(len(events) - 100, [event.copy for event in events]) == {
        event.copy for event in events[-100:]
    }


def test_eight_runs_become_one_that_is_sorted(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with closing(_open(path)) as history:
        history.append(_events(1, 8 * _ROWS), {})
        _merge_all(history)
    assert [(level, target) for _, level, target in _runs(path)] == [(1, 0)]
    with duckdb.connect(str(path)) as opened:
        rows = opened.execute("SELECT message, copy, seen_at FROM merged ORDER BY rowid").fetchall()
        assert rows == sorted(rows)
        assert opened.execute("SELECT count(*) FROM events").fetchall() == [(0,)]


def test_runs_grow_by_levels(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with closing(_open(path)) as history:
        for number in range(66):
            history.append(_events(1 + number * _ROWS, _ROWS), {})
            _merge_all(history)
    assert [level for _, level, _ in _runs(path)] == [2, 0, 0]


def test_a_message_larger_than_a_slice_is_merged_by_its_copies(history: DuckHistory) -> None:
    events = _events(1, 16 * _ROWS, messages=2)
    history.append(events, {})
    steps = _merge_all(history)
    assert steps > 16
    assert _ids(history, events[0].message) == [event.id for event in events]


def test_what_is_corrected_and_erased_stays_so_in_the_midst_of_merging(history: DuckHistory) -> None:
    events = _events(1, 9 * _ROWS)
    history.append(events, {})
    for _ in range(12):  # all moved, the first runs half merged
        history.merge()
    changed = [msgspec.structs.replace(event, verdict=Verdict.MACHINE) for event in events[5:8]]
    gone, erased, removed = events[20].copy, events[30].copy, events[40]
    history.append(changed, {}, replace=changed)
    history.append([], {}, erase=[erased])
    history.append([], {}, remove=[removed.id])
    history.forget([gone], "nobody@example.org")
    _merge_all(history)
    assert history.total() == len({*(event.id for event in events)} - {removed.id} - _tracks_of(events, erased))
    for event in changed:
        if event.copy not in {gone, erased}:
            assert event in history.timeline(event.message)
    assert all(not event.facts for event in history.of_copies([gone]))


def _tracks_of(events: list[Event], copy: int) -> set[int]:
    return {event.id for event in events if event.copy == copy and event.kind is not EventKind.SENT}


def test_an_interrupted_step_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    events = _events(1, 10 * _ROWS)
    with closing(_open(path)) as history:
        history.append(events, {})
        for _ in range(11):
            history.merge()
    with duckdb.connect(str(path)) as opened:
        before = opened.execute(f"SELECT id FROM {EVERY} ORDER BY id").fetchall()
        runs = opened.execute("SELECT * FROM runs ORDER BY run").fetchall()
        opened.execute("BEGIN")
        merge_step(opened, _ROWS)
        opened.execute("ROLLBACK")
        assert opened.execute(f"SELECT id FROM {EVERY} ORDER BY id").fetchall() == before
        assert opened.execute("SELECT * FROM runs ORDER BY run").fetchall() == runs
    with closing(_open(path)) as history:
        _merge_all(history)
        assert history.total() == len(events)


def test_a_rewritten_file_keeps_its_order(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with closing(_open(path)) as history:
        history.append(_events(1, 8 * _ROWS), {})
        _merge_all(history)
        history.leave_no_remains()
    with duckdb.connect(str(path)) as opened:
        rows = opened.execute("SELECT message, copy, seen_at FROM merged ORDER BY rowid").fetchall()
    assert rows == sorted(rows)
    assert len(rows) == 8 * _ROWS


def test_a_message_is_found_in_few_row_groups(tmp_path: Path) -> None:
    """As many row groups are read of a run as its message spans; not all of them."""
    path = tmp_path / "history.duckdb"
    with closing(open_history(path, memory_limit="256MB")) as history, closing(history):
        assert isinstance(history, DuckHistory)
        history._file.run(
            "INSERT INTO events SELECT range, 'opened', range, hash(range % 5000) % 1000000007, range % 5000, -1, "
            "'human', '[]', 1, '{}', '', 1, '', '', range FROM range(1, 8 * 122880 + 1)"
        )
        history._merging = True
        _merge_all(history)
        message = history._query("SELECT message FROM merged LIMIT 1")[0][0]
        plan = history._query(f"EXPLAIN ANALYZE SELECT id FROM merged WHERE message = {message}")
    assert "Row Groups Scanned: 1 /" in " ".join(str(plan).replace("│", " ").split())


def test_a_history_of_an_older_version_is_merged(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    events = _events(1, 20 * _ROWS)
    with closing(_open(path)) as history:
        history.append(events, {})
    with duckdb.connect(str(path)) as opened:
        opened.execute("DROP TABLE merged")
        opened.execute("DROP TABLE runs")
    with closing(open_history(path, read_only=True)) as history:
        assert not history.damage()
    with closing(_open(path)) as history:
        assert _merge_all(history) > 20
        assert history.total() == len(events)
