"""Exactly once, however the digest ends. More rounds: `KILL_ROUNDS=100 pytest` on this file."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from postlude.history import History, open_history
from postlude.journal import JournalWriter
from postlude.kit.clock import SystemClock
from postlude.model.event import Event
from postlude.model.observation import Hit, encode_observation
from postlude.model.words import CopyStatus, EventKind, HitEndpoint, Via
from postlude.services.digest.feed_reader import HistoryFeedReader
from postlude.store import Batch, Copy, Message, Store, Submission, open_store
from support.present import present

_ROUNDS = int(os.environ.get("KILL_ROUNDS", "8"))
_HITS_A_ROUND = 1500
_COPIES = range(1, 60)
_ERASED = 7
_SCRIPT = Path(__file__).with_name("digest_process.py")


def _start(folder: Path, url: str, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(_SCRIPT), str(folder), url, *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _reported(writers: Sequence[JournalWriter], chance: random.Random, number: int) -> Counter[tuple[int, int]]:
    """One round's hits, written while the digest reads; how often each copy and position was asked for."""
    reported: Counter[tuple[int, int]] = Counter()
    for i in range(_HITS_A_ROUND):
        copy, position = chance.choice(_COPIES), chance.randrange(-1, 3)
        endpoint = HitEndpoint.PIXEL if position < 0 else HitEndpoint.LINK
        hit = Hit(number * 10_000 + i, endpoint, 1, copy % 7 + 1, copy, position, "GET", "Gecko", "", {}, {})
        writers[i % 2].submit(encode_observation(hit), lambda _result: None)
        reported[copy, position] += 1
    return reported


@pytest.mark.timeout(60 + 12 * _ROUNDS)
@pytest.mark.long
def test_killed_at_any_point_it_counts_every_hit_once(tmp_path: Path, state_url: str) -> None:
    """Half of the rounds `kill -9` comes from outside at a random moment, half at a random half-done step inside."""
    open_store(state_url).close()
    chance = random.Random(20261124)
    writers = [JournalWriter(tmp_path / "journal", name) for name in ("edge-1", "edge-2")]
    reported: Counter[tuple[int, int]] = Counter()
    died: Counter[str] = Counter()
    for number in range(_ROUNDS):
        inside = number % 2
        with _start(tmp_path, state_url, *([str(number)] if inside else [])) as process:
            reported += _reported(writers, chance, number)
            assert present(process.stdout).readline() == "ready\n"
            if inside:
                while process.poll() is None and _digested(state_url) < sum(reported.values()):
                    time.sleep(0.02)
            else:
                time.sleep(chance.uniform(0, 0.25))
            process.kill()
            rest = present(process.stdout).read()
            died[match[1] if (match := re.search(r"died (.*)", rest)) else "outside"] += 1
    for writer in writers:
        writer.close()
    print(dict(died))  # noqa: T201 - read by people with -s
    assert len(died) > 2
    _finish(tmp_path, state_url, sum(reported.values()))
    with closing(open_history(tmp_path / "history.duckdb")) as history, closing(open_store(state_url)) as store:
        _read_the_feed(store, history)
        events = _everything(history)
        assert Counter((event.copy, event.position) for event in events) == reported
        assert len({event.id for event in events}) == len(events)
        assert store.digest.outcomes() == {"counted": len(events)}
        assert _projected(store) == _by_copy(events)
        assert history.positions() == store.digest.positions()


@pytest.mark.timeout(60 + 12 * _ROUNDS)
def test_killed_in_an_erasure_it_erases_what_came_before_and_no_more(tmp_path: Path, state_url: str) -> None:
    with closing(open_store(state_url)) as store:
        store.digest.apply(Batch(submissions=[_submission(message) for message in range(1, 8)]))
    writers = [JournalWriter(tmp_path / "journal", "edge-1")] * 2
    chance = random.Random(7)
    before = _reported(writers, chance, 0)
    erase = Hit(20_000, HitEndpoint.PREFERENCES, 1, 1, _ERASED, -1, "POST", "Gecko", "", {}, {"erase": "1"})
    writers[0].append_blocking(encode_observation(erase))
    after = _reported(writers, chance, 3)
    writers[0].close()
    total = sum((before + after).values()) + 1
    for number in range(_ROUNDS // 2):
        with _start(tmp_path, state_url, str(1000 + number)) as process:
            while process.poll() is None and _digested(state_url) < total:
                time.sleep(0.02)
            process.kill()
    _finish(tmp_path, state_url, total)
    for key in list(before):
        if key[0] == _ERASED:
            del before[key]
    with closing(open_history(tmp_path / "history.duckdb")) as history, closing(open_store(state_url)) as store:
        _read_the_feed(store, history)
        events = [event for event in _everything(history) if event.kind is not EventKind.VIEWED]
        assert Counter((event.copy, event.position) for event in events) == before + after
        assert _projected(store) == _by_copy(events)
        for message in range(1, 8):
            links = store.messages.link_activity(message).items()
            clicks = {n: link.clicks + link.clicks_unknown + link.clicks_machine for n, link in links}
            assert clicks == Counter(e.position for e in events if e.message == message and e.position >= 0)


def _submission(message: int) -> Submission:
    row = Message(
        id=message, user=1, message_id="", subject="", sender="", mail_from="", via=Via.CLI, created_at=1
    )  # fmt: skip
    mine = [copy for copy in _COPIES if copy % 7 + 1 == message]
    copies = tuple(Copy(copy, message, f"r{copy}@example.org", CopyStatus.SENT) for copy in mine)
    return Submission(row, (), copies)


def _read_the_feed(store: Store, history: History) -> None:
    """As a start does: the last kill may have come before the history had what the state has."""
    reader = HistoryFeedReader(store, history, SystemClock())
    reader.load(store.digest.positions(), store.integrity.generation())


def _everything(history: History) -> list[Event]:
    return [event for message in range(1, 8) for event in history.timeline(message, limit=1_000_000)]


def _by_copy(events: Sequence[Event]) -> Counter[int]:
    return Counter(event.copy for event in events)


def _projected(store: Store) -> Counter[int]:
    counted: Counter[int] = Counter()
    for message in range(1, 8):
        for copy, done in store.messages.activity(message).items():
            counted[copy] = done.opens + done.opens_unknown + done.opens_machine
            counted[copy] += done.clicks + done.clicks_unknown + done.clicks_machine
    return +counted


def _digested(url: str) -> int:
    with closing(open_store(url)) as store:
        return sum(store.digest.outcomes().values())


def _finish(folder: Path, url: str, records: int) -> None:
    with _start(folder, url) as process:
        try:
            deadline = time.monotonic() + 120
            while _digested(url) < records and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGKILL)
