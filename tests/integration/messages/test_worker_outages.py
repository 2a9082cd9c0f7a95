"""A database that fails while single mails are sent: the worker says so, tries again, and every mail leaves once."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from postlude.instrument import Policy
from postlude.journal import Spool, prepare_spool
from postlude.kit import loop
from postlude.model.answer import Answer
from postlude.model.errors import InputError, SettingError, StorageError
from postlude.model.observation import Attempt, WorkerStarted
from postlude.model.words import CopyStatus, SendOutcome
from postlude.services.accounts.preferences import get_preferences
from postlude.services.ports import AttemptStart, Outgoing, Throttled
from postlude.store import Batch, Store, open_store
from postlude.worker import Worker, pump, single_mails
from servers.difficult import SILENT, Difficult
from servers.smtp_process import Folder
from servers.waiting import until
from support.state_template import sqlite_state

from .test_worker import attempts, sender_deps, submit


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop.Pauses, "next", lambda _self: 0.02)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def store(state: Path) -> Iterator[Store]:
    opened = open_store(sqlite_state(state.parent))
    opened.accounts.create_user("alice@example.org")
    yield opened
    opened.close()


def rename(state: Path, table: str, name: str) -> None:
    with closing(sqlite3.connect(state)) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO {name}")


@contextmanager
def without(state: Path, table: str) -> Iterator[None]:
    """The database refuses what needs this table, until the end of the block."""
    rename(state, table, "away")
    yield
    rename(state, "away", table)


@asynccontextmanager
async def working(folder: Folder, store: Store, server: Difficult, **more: Any) -> AsyncIterator[Worker]:
    deps = sender_deps(folder, store, server, **more)
    worker, stop = Worker(deps), asyncio.Event()
    task = asyncio.create_task(worker.run(stop, asyncio.Event()))
    yield worker
    stop.set()
    async with asyncio.timeout(10):
        await task
    await deps.transport.close()


@pytest.mark.parametrize("table", ["workers", "copies", "suppressions", "messages"])
async def test_mail_leaves_once_the_database_answers_again(
    folder: Folder, store: Store, state: Path, table: str
) -> None:
    await submit(folder, store)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Difficult().running())
        with without(state, table):
            worker = await stack.enter_async_context(working(folder, store, server))
            await until("the problem", lambda: worker.problem)
        found = await attempts(folder, 3)
    assert [one.outcome for one in found] == [SendOutcome.ACCEPTED] * 3


async def test_a_database_that_is_away_while_a_mail_is_composed_costs_it_no_attempt(
    folder: Folder, store: Store, state: Path
) -> None:
    def policy_of(user: int) -> Policy:
        get_preferences(store, user, sandbox=False)
        return Policy()

    await submit(folder, store)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(Difficult().running())
        with without(state, "settings"):
            worker = await stack.enter_async_context(working(folder, store, server, policy_of=policy_of))
            await until("the problem", lambda: worker.problem)
        found = await attempts(folder, 3)
    assert [(one.outcome, one.attempt) for one in found] == [(SendOutcome.ACCEPTED, 1)] * 3


async def test_an_outage_is_shown_while_it_lasts(folder: Folder, store: Store, state: Path) -> None:
    async with Difficult().running() as server, working(folder, store, server) as worker:
        with without(state, "copies"):
            await until("the problem", lambda: worker.problem.startswith("single mails do not leave: "))
        await until("the end of the problem", lambda: not worker.problem)


@pytest.mark.parametrize("phase", ["greeting", "mail", "end"])
async def test_a_server_that_does_not_answer_is_told(
    folder: Folder, store: Store, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "STANDS_STILL_S", 0.2)
    await submit(folder, store)
    async with Difficult(**{phase: SILENT}).running() as server, working(folder, store, server) as worker:
        await until("the problem", lambda: "the next mail server is silent" in worker.problem)


async def test_a_large_mail_may_take_its_time(folder: Folder, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "STANDS_STILL_S", 0.0)
    monkeypatch.setattr(single_mails, "LARGE", 10)
    await submit(folder, store)
    async with Difficult(end=SILENT).running() as server, working(folder, store, server) as worker:
        await until("the message", lambda: server.accepted)
        assert worker.problem == ""


async def test_a_stop_during_an_outage_ends_the_worker(folder: Folder, store: Store, state: Path) -> None:
    async with Difficult().running() as server, working(folder, store, server) as worker:
        rename(state, "copies", "away")
        await until("the problem", lambda: worker.problem)


async def test_what_is_claimed_at_a_stop_during_an_outage_leaves_after_the_next_start(
    folder: Folder, store: Store, state: Path
) -> None:
    copies = await submit(folder, store)
    async with Difficult().running() as server:
        async with working(folder, store, server) as worker:
            with without(state, "suppressions"):
                await until("the problem", lambda: worker.problem)
                rename(state, "copies", "away_too")
        assert not [one for one in folder.observations() if isinstance(one, Attempt)]
        rename(state, "away_too", "copies")
        begun = [one.worker for one in folder.observations() if isinstance(one, WorkerStarted)]
        store.digest.apply(Batch(workers=begun))
        assert {store.messages.copy(copy.id).status for copy in copies} == {CopyStatus.CLAIMED}
        async with working(folder, store, server):
            await attempts(folder, 3)
        assert len(server.accepted) == 3


class Holding:
    """A transport whose limits hold every copy, while the database refuses to be told for a moment."""

    concurrency = 1

    def __init__(self, state: Path) -> None:
        self._state = state
        self.sent = 0
        self.back = asyncio.Event()

    async def send(self, _copy: Outgoing, _start: AttemptStart) -> Throttled:
        self.sent += 1
        rename(self._state, "copies", "away")
        asyncio.get_running_loop().call_later(0.1, self._put_back)
        return Throttled(1 << 60, "the limit of this hour is used up")

    def _put_back(self) -> None:
        rename(self._state, "away", "copies")
        self.back.set()

    def wait_s(self) -> float:
        return 0.0

    async def close(self) -> None:
        """Nothing is held open."""


async def test_a_copy_a_limit_held_during_an_outage_waits_and_is_not_indeterminate(
    folder: Folder, store: Store, state: Path
) -> None:
    (first, *others) = await submit(folder, store)
    for other in others:
        store.suppressions.add(other.recipient, "manual")
    transport = Holding(state)
    async with Difficult().running() as server:
        deps = sender_deps(folder, store, server, transport=transport)
        stop = asyncio.Event()
        task = asyncio.create_task(Worker(deps).run(stop, asyncio.Event()))
        await transport.back.wait()
        await until("it to wait", lambda: store.messages.copy(first.id).status is CopyStatus.QUEUED)
        stop.set()
        await task
    assert first.id not in {one.copy for one in folder.observations() if isinstance(one, Attempt)}


async def test_what_cannot_be_composed_is_told_and_tried_again(
    folder: Folder, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def signer_of(_domain: str) -> None:
        raise InputError("a header that cannot be signed")

    await submit(folder, store)
    async with (
        Difficult().running() as server,
        working(folder, store, server, signer_of=signer_of) as worker,
    ):
        found = await attempts(folder, 3)
        assert "cannot be signed" in worker.problem
    assert {(one.outcome, one.phase) for one in found} == {(SendOutcome.DEFERRED, "prepare")}
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("error", [SettingError("the keys are gone"), StorageError("the keys are gone")])
async def test_what_the_operator_must_mend_holds_the_mail_and_costs_no_attempt(
    folder: Folder, store: Store, error: Exception
) -> None:
    def signer_of(_domain: str) -> None:
        raise error

    first, *_ = await submit(folder, store)
    async with (
        Difficult().running() as server,
        working(folder, store, server, signer_of=signer_of) as worker,
    ):
        await until("it to be told", lambda: "the keys are gone" in worker.problem)
        await until("it to be held", lambda: "the keys are gone" in store.messages.copy(first.id).text)
        assert server.accepted == []
    assert store.messages.copy(first.id).status is CopyStatus.QUEUED
    assert store.messages.copy(first.id).attempts == 0
    assert [one for one in folder.observations() if isinstance(one, Attempt)] == []


class Broken:
    """A transport with a fault of its own, before or after a byte of the message left."""

    concurrency = 1

    def __init__(self, *, taken: bool) -> None:
        self._taken = taken

    async def send(self, _copy: Outgoing, start: AttemptStart) -> Answer:
        if self._taken:
            await start.durable()
        raise ZeroDivisionError("a fault of ours")

    def wait_s(self) -> float:
        return 0.0

    async def close(self) -> None:
        """Nothing is held open."""


@pytest.mark.parametrize(("taken", "outcome"), [(False, SendOutcome.DEFERRED), (True, SendOutcome.INDETERMINATE)])
async def test_a_fault_of_the_transport_leaves_no_copy_without_an_outcome(
    folder: Folder, store: Store, taken: bool, outcome: SendOutcome
) -> None:
    await submit(folder, store)
    async with Difficult().running() as server:
        deps = sender_deps(folder, store, server, transport=Broken(taken=taken))
        stop = asyncio.Event()
        task = asyncio.create_task(Worker(deps).run(stop, asyncio.Event()))
        found = await attempts(folder, 3)
        stop.set()
        await task
    assert {one.outcome for one in found} == {outcome}
    assert {one.text for one in found} == {"ZeroDivisionError: a fault of ours"}


async def test_mail_waits_for_a_spool_that_is_not_mounted(folder: Folder, store: Store) -> None:
    root, proof = folder.root / "spool", folder.root / "spool-out.id"
    prepare_spool(root, proof)
    folder.spool = Spool(root, proof=proof)
    copies = await submit(folder, store)
    root.rename(folder.root / "unmounted")
    async with Difficult().running() as server, working(folder, store, server) as worker:
        await until("it to be told", lambda: "mount its disk" in worker.problem)
        assert [one for one in folder.observations() if isinstance(one, Attempt)] == []
        (folder.root / "unmounted").rename(root)
        found = await attempts(folder, 3)
    assert {(one.outcome, one.attempt) for one in found} == {(SendOutcome.ACCEPTED, 1)}
    assert {one.copy for one in found} == {copy.id for copy in copies}
