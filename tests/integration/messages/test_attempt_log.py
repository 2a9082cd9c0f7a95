"""When an attempt starts: at a connection that is about to take the message, and journaled before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.errors import StorageError
from postlude.model.observation import Attempt, AttemptStarted, decode_observation
from postlude.model.words import CopyStatus
from postlude.services.messages.attempt_log import AttemptLog, JournaledStart
from postlude.store import Store, open_store
from servers.difficult import SILENT, Difficult
from servers.smtp_process import Folder
from servers.waiting import until

from .test_worker import attempts, sender_deps, submit, working


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'state.sqlite'}")
    opened.accounts.create_user("alice@example.org")
    yield opened
    opened.close()


@pytest.mark.parametrize("script", [{"greeting": SILENT}, {"mail": SILENT}, {"data": SILENT}])
async def test_what_waits_for_a_silent_server_has_not_started_and_a_stop_is_quick(
    folder: Folder, store: Store, script: dict[str, str]
) -> None:
    copies = await submit(folder, store)
    before = asyncio.get_running_loop().time()
    async with Difficult(**script).running() as server:
        async with working(folder, store, server):
            await until("a connection", lambda: server.connections)
        assert asyncio.get_running_loop().time() - before < 5
    assert not [one for one in folder.observations() if isinstance(one, AttemptStarted | Attempt)]
    assert {store.messages.copy(copy.id).status for copy in copies} == {CopyStatus.QUEUED}


async def test_what_is_refused_before_the_message_never_started(folder: Folder, store: Store) -> None:
    await submit(folder, store)
    async with Difficult(rcpt="550 5.1.1 unknown").running() as server, working(folder, store, server):
        await attempts(folder, 3)
    assert not [one for one in folder.observations() if isinstance(one, AttemptStarted)]


async def test_a_start_is_journaled_before_the_message_and_after_the_former_result(
    folder: Folder, store: Store
) -> None:
    for _ in range(10):
        await submit(folder, store)
    async with Difficult().running() as server:
        deps = sender_deps(folder, store, server)
        async with working(folder, store, server, transport=deps.transport):
            await attempts(folder, 30)
    seen = [one for one in folder.observations() if isinstance(one, AttemptStarted | Attempt)]
    open_ones: set[int] = set()
    for one in seen:
        if isinstance(one, AttemptStarted):
            open_ones |= set(one.copies)
            assert len(open_ones) <= 8
        else:
            open_ones.remove(one.copy)
    assert not open_ones


class SlowDisk:
    """Takes a record when it is told to."""

    def __init__(self) -> None:
        self.records: list[tuple[int, ...]] = []
        self.asked: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def append(self, record: bytes) -> None:
        started = decode_observation(record)
        assert isinstance(started, AttemptStarted)
        self.records.append(started.copies)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked.put_nowait(future)
        await future


class Claimed(NamedTuple):
    copy: int
    generation: int = 1


async def test_what_is_asked_for_while_the_disk_works_is_one_record() -> None:
    disk = SlowDisk()
    log = AttemptLog(disk.append, SystemClock())
    first = log.ask(Claimed(1))
    taking = await disk.asked.get()
    others = [log.ask(Claimed(copy)) for copy in (2, 3, 4)]
    taking.set_result(None)
    await first
    (await disk.asked.get()).set_result(None)
    await asyncio.gather(*others)
    assert disk.records == [(1,), (2, 3, 4)]


async def test_a_disk_that_refuses_is_told_to_those_who_asked_and_the_next_are_asked_for() -> None:
    disk = SlowDisk()
    log = AttemptLog(disk.append, SystemClock())
    first = log.ask(Claimed(1))
    taking = await disk.asked.get()
    second = log.ask(Claimed(2))
    taking.set_exception(StorageError("the disk is full"))
    with pytest.raises(StorageError):
        await first
    (await disk.asked.get()).set_result(None)
    await second


async def test_a_copy_is_taken_when_its_record_is_durable_and_not_before() -> None:
    disk = SlowDisk()
    taken: list[int] = []
    log = AttemptLog(disk.append, SystemClock())
    log.took = taken.append
    start = JournaledStart(log, Claimed(1))
    start.ask()
    taking = await disk.asked.get()
    waiting = asyncio.create_task(start.durable())
    await asyncio.sleep(0)
    assert not taken
    taking.set_result(None)
    await waiting
    assert taken == [1]
