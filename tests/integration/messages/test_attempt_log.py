"""When an attempt starts: at a connection that is about to take the message, and journaled before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.model.observation import Attempt, AttemptStarted
from postlude.model.words import CopyStatus
from postlude.store import Store, open_store
from servers.difficult import SILENT, Difficult
from servers.smtp_process import Folder

from .test_worker import attempts, sender_deps, submit, working
from .test_worker_outages import until


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
