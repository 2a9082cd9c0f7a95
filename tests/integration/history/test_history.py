import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from postlude.history import BEFORE_ALL, History, open_history
from postlude.history.duck import DuckHistory
from postlude.history.duck_file import DuckFile
from postlude.model.errors import InUseError, StorageError
from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.words import EventKind, Verdict


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with closing(open_history(tmp_path / "history.duckdb")) as opened:
        yield opened


def _event(number: int, kind: EventKind = EventKind.OPENED, **more: object) -> Event:
    fields = {"at": number, "message": 1, "copy": 11, "verdict": Verdict.HUMAN, **more}
    return Event(number, kind, **fields)  # type: ignore[arg-type]  # any field


def test_events_come_back_as_they_were(history: History) -> None:
    events = [
        _event(1, EventKind.QUEUED, verdict=Verdict.UNKNOWN),
        _event((1 << 63) - 1, at=2, reasons=("browser", "apple-egress"), rules_version=3),
        _event(3, EventKind.CLICKED, position=31, facts={"url": "https://e.org/\0\"'ü\U0001f600", "text": ""}),
    ]
    history.append(events, {1: JournalPosition(2, 300)})
    assert history.timeline(1) == events
    assert history.positions() == {1: (2, 300)}
    assert history.total() == 3


def test_a_timeline_is_one_message_or_one_copy(history: History) -> None:
    history.append([_event(i, copy=11 + i % 2, message=1 + i % 3) for i in range(12)], {})
    assert [event.id for event in history.timeline(1)] == [0, 3, 6, 9]
    assert [event.id for event in history.timeline(1, 11)] == [0, 6]
    assert [event.id for event in history.timeline(1, limit=2)] == [6, 9]
    assert history.timeline(9) == []


def test_counts(history: History) -> None:
    history.append(
        [
            _event(1),
            _event(2, copy=12),
            _event(3),
            _event(4, verdict=Verdict.MACHINE),
            _event(5, EventKind.CLICKED, position=2),
            _event(6, message=2),
        ],
        {},
    )
    assert [tuple(count) for count in history.counts(1)] == [
        ("clicked", "human", 1, 1),
        ("opened", "human", 3, 2),
        ("opened", "machine", 1, 1),
    ]
    assert sum(count.events for count in history.counts()) == 6
    assert [event.id for event in history.since(3, [EventKind.OPENED])] == [3, 4, 6]


def test_events_and_positions_are_one_transaction(history: History) -> None:
    history.append([_event(1)], {1: JournalPosition(1, 1)})
    with pytest.raises(Exception, match=r".+"):
        history.append([_event(2), _event(3, copy=1 << 70)], {1: JournalPosition(1, 3)})
    assert history.total() == 1
    assert history.positions() == {1: (1, 1)}
    history.append([_event(4)], {1: JournalPosition(1, 4)})
    assert [event.id for event in history.timeline(1)] == [1, 4]
    assert history.positions() == {1: (1, 4)}


def test_it_is_all_there_after_opening_again(tmp_path: Path) -> None:
    with closing(open_history(tmp_path / "h.duckdb")) as history:
        history.append([_event(i) for i in range(5000)], {4: JournalPosition(1, 9)})
    with closing(open_history(tmp_path / "h.duckdb")) as history:
        assert history.total() == 5000
        assert history.positions() == {4: (1, 9)}


def test_readers_never_see_half_a_batch(history: History) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def look() -> None:
        while not stop.is_set():
            seen.append(history.total() % 500)

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for batch in range(20):
        history.append([_event(batch * 500 + i) for i in range(500)], {1: JournalPosition(1, batch)})
    stop.set()
    for reader in readers:
        reader.join()
    assert seen
    assert set(seen) == {0}


def test_a_second_process_is_told_who_has_it(tmp_path: Path, history: History) -> None:
    history.append([_event(1)], {})
    code = (
        "from postlude.history import open_history\n"
        "from postlude.model.errors import InUseError\n"
        f"try: open_history({str(tmp_path / 'history.duckdb')!r})\n"
        "except InUseError as error: print(error)"
    )
    reported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "another process has it open" in reported
    assert "Stop that one" in reported


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="writable"):
        open_history(tmp_path / "none" / "history.duckdb")
    assert not issubclass(StorageError, InUseError)


def test_row_groups_are_merged_in_quiet_times_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("postlude.history.duck_file.monotonic", lambda: now)
    facts = [{"user_agent": f"Agent {i}", "client": "Mail"} for i in range(100)]
    with closing(DuckHistory(DuckFile(tmp_path / "history.duckdb", memory_limit="64MB", threads=2))) as history:

        def row_groups() -> int:
            return int(history._query("SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('events')")[0][0])

        added, found = 0, []
        for seconds in (0.1, 10.0):  # between two batches: 20,000 events a second, then 200
            for _ in range(60):
                now += seconds
                history.append([_event(added + i, copy=i, facts=facts[i % 100]) for i in range(2_000)], {})
                added += 2_000
            found.append(row_groups())
        busy, quiet = found
        assert busy > 5
        assert quiet < busy
        assert history.total() == added


def _older(path: Path) -> None:
    """A history as an older version left it: with that version's words, and nothing that says what was done to it."""
    with closing(open_history(path)) as made:
        made.append([_event(1, EventKind.INDETERMINATE), _event(2, EventKind.SENT)], {})
    with duckdb.connect(str(path)) as database:
        database.execute("UPDATE events SET kind = 'unsure' WHERE kind = 'indeterminate'")
        database.execute("DROP TABLE steps")


def test_events_of_an_older_version_get_their_new_word(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    _older(path)
    with closing(open_history(path)) as history:
        assert [event.id for event in history.since(0, [EventKind.INDETERMINATE])] == [1]
        assert {count.kind: count.events for count in history.counts()} == {
            EventKind.INDETERMINATE: 1,
            EventKind.SENT: 1,
        }


def test_an_older_history_that_must_not_change_is_read(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    _older(path)
    before = path.read_bytes()
    with closing(open_history(path, read_only=True)) as history:
        assert [event.kind for event in history.timeline(1)] == [EventKind.INDETERMINATE, EventKind.SENT]
    assert path.read_bytes() == before


def test_the_channel_of_an_older_versions_event_is_read(tmp_path: Path) -> None:
    with closing(open_history(tmp_path / "history.duckdb")) as history:
        history.append([_event(1, EventKind.REPLIED, facts={"text": "hello", "door": "smtp"})], {})
        (event,) = history.timeline(1)
    assert event.facts == {"text": "hello", "channel": "smtp"}


def test_a_closed_history_refuses_as_a_store_does_and_stays_closed(tmp_path: Path) -> None:
    """What asks it while Postlude ends waits for the next start: it is no fault of what was asked for."""
    history = open_history(tmp_path / "history.duckdb")
    history.append([_event(1)], {})
    history.close()
    for ask in (history.total, lambda: history.timeline(1), lambda: history.append([_event(2)], {}), history.total):
        with pytest.raises(StorageError):
            ask()
    with closing(open_history(tmp_path / "history.duckdb")) as again:
        assert again.total() == 1


def test_who_asked_from_an_address_is_found_but_no_proxy(history: History) -> None:
    judged: dict[str, Any] = {"rules_version": 3, "reasons": ("browser",)}
    history.append(
        [
            *[_event(n, copy=n, address="198.51.100.0", **judged) for n in range(1, 13)],
            _event(20, copy=20, address="198.51.100.0", rules_version=3, reasons=("image-proxy",)),
            _event(21, copy=1, address="198.51.100.0", message=2, **judged),
            *[_event(30 + n, copy=30 + n % 3, address="203.0.113.0", **judged) for n in range(12)],
        ],
        {},
    )
    [found] = history.crowded_addresses(0, None, 10, 600)
    assert found.message == 1
    assert found.address == "198.51.100.0"
    assert found.events == 12
    assert history.crowded_addresses(0, None, 10, 2) == []  # too short a time
    assert history.crowded_addresses(1, None, 10, 600) == []  # of later messages
    near = history.of_visitors([1], ["198.51.100.0"], 3, 25)
    assert sorted(event.id for event in near) == list(range(3, 13))


def test_opens_and_clicks_are_counted_by_what_decided(history: History) -> None:
    sweep = ("sweep", "browser")
    history.append(
        [
            _event(1, reasons=("browser",)),
            _event(2, reasons=("browser",)),
            _event(3, EventKind.CLICKED, reasons=sweep, verdict=Verdict.MACHINE),
            _event(4, EventKind.SENT),
            _event(5, message=2),
        ],
        {},
    )
    assert sorted(history.reason_counts([1])) == [
        (EventKind.CLICKED, Verdict.MACHINE, sweep, 1),
        (EventKind.OPENED, Verdict.HUMAN, ("browser",), 2),
    ]


def _in_slices(history: History, events: int, since: int = 0) -> list[list[Event]]:
    """What is to be judged, slice by slice."""
    ends = [BEFORE_ALL, *history.slice_ends(events), None]
    return [history.judged_between(after, end, since) for after, end in pairwise(ends) if after is not None]


@pytest.mark.parametrize("size", [1, 3, 10, 1000])
def test_slices_hold_every_judged_event_once_and_copies_whole(history: History, size: int) -> None:
    judged = [
        _event(number, message=1 + number % 3, copy=1 + number % 7 + 10 * (number % 3), rules_version=3)
        for number in range(1, 60)
    ]
    history.append([*judged, _event(90, copy=1, rules_version=0)], {})
    slices = _in_slices(history, size)
    assert sorted(event.id for some in slices for event in some) == [event.id for event in judged]
    copies = [{event.copy for event in some} for some in slices]
    assert sum(map(len, copies)) == len(set().union(*copies))


def test_slices_since_a_time_are_of_copies_that_were_seen_then(history: History) -> None:
    history.append([_event(number, copy=1 + number % 2, at=number, rules_version=3) for number in range(1, 5)], {})
    found = [event.id for some in _in_slices(history, 10, since=4) for event in some]
    assert found == [2, 4]


def test_slices_lie_about_so_many_events_apart(history: History) -> None:
    history.append([_event(number, message=number % 10, copy=number, rules_version=3) for number in range(1, 1001)], {})
    sizes = [len(some) for some in _in_slices(history, 100)]
    assert len(sizes) in {10, 11}
    assert max(sizes) <= 101
    assert history.slice_ends(2_000) == []


def test_no_slice_holds_a_copy_of_many_events_in_parts(history: History) -> None:
    history.append([_event(number, copy=1 + number // 90, rules_version=3) for number in range(1, 101)], {})
    assert [len(some) for some in _in_slices(history, 10)] in ([89, 11], [89, 11, 0])
