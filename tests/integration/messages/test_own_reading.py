"""A process that sends waits for its own journal to be digested, and for no other."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from postlude.journal import JournalReader, JournalWriter
from postlude.kit.clock import SystemClock
from postlude.model.journal_position import JournalPosition
from postlude.services.messages.recovery import OwnReading
from postlude.store import Batch, open_store
from servers.waiting import until
from support.state_template import sqlite_state

CLOCK = SystemClock()


async def test_a_backlog_of_hits_holds_no_mail_back(tmp_path: Path) -> None:
    store, journals = open_store(sqlite_state(tmp_path)), tmp_path / "journal"
    edge, own = JournalWriter(journals, "edge"), JournalWriter(journals, "app")
    for number in range(500):
        await edge.append(b"hit %d" % number)
    async with asyncio.timeout(5):
        assert await OwnReading(store, journals, CLOCK, asyncio.Event()).digested("app")
    edge.close()
    own.close()
    store.close()


async def test_its_own_records_are_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, journals = open_store(sqlite_state(tmp_path)), tmp_path / "journal"
    own = JournalWriter(journals, "app")
    await own.append(b"an attempt")
    asked = Counter[str]()
    positions = store.digest.positions

    def counted() -> dict[int, JournalPosition]:
        asked["positions"] += 1
        return positions()

    monkeypatch.setattr(store.digest, "positions", counted)
    waiting = asyncio.create_task(OwnReading(store, journals, CLOCK, asyncio.Event()).digested("app"))
    await until("the third look", lambda: asked["positions"] > 2)
    assert not waiting.done()
    reader = JournalReader(journals, CLOCK)
    [record] = reader.read({}, 10)
    place = record.next
    store.digest.apply(
        Batch(positions={place.writer: JournalPosition(place.segment, place.offset)}, labels=reader.pop_labels())
    )
    async with asyncio.timeout(5):
        assert await waiting
    reader.close()
    own.close()
    store.close()
