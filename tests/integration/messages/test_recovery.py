"""What a worker that was killed had in its hands, with a real store and journal."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.journal import LastTaken, TakenCopies, last_taken
from postlude.model.errors import StorageError
from postlude.model.observation import Attempt, WorkerStarted
from postlude.model.words import CopyStatus, SendOutcome
from postlude.services.messages.recovery import Recovery
from postlude.store import AttemptResult, Batch, Incident, Store, open_store
from servers.smtp_process import Folder
from support.state_template import sqlite_state

from .test_worker import refusing_once, submit

JOURNAL = "folder/app"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(sqlite_state(tmp_path))
    opened.accounts.create_user("alice@example.org")
    yield opened
    opened.close()


@pytest.fixture
async def begun(folder: Folder, store: Store) -> int:
    """A copy that a worker had begun when it was killed; it had claimed two others."""
    first, *_ = await submit(folder, store)
    worker = store.sending.begin_worker(JOURNAL, 1)
    store.digest.apply(Batch(workers=(worker,)))
    store.sending.claim(10, folder.clock.now(), worker)
    store.digest.apply(Batch(started=(first.id,)))
    return first.id


async def at_once(_journal: str) -> bool:
    return True


def recovery(folder: Folder, store: Store) -> Recovery:
    return Recovery(store, folder.clock, folder.journal.append, at_once)


def indeterminate(folder: Folder) -> list[int]:
    attempts = [one for one in folder.observations() if isinstance(one, Attempt)]
    return [one.copy for one in attempts if one.outcome is SendOutcome.INDETERMINATE]


async def test_what_was_begun_is_indeterminate(folder: Folder, store: Store, begun: int) -> None:
    await recovery(folder, store).begin(JOURNAL)
    assert indeterminate(folder) == [begun]


@pytest.mark.usefixtures("begun")
async def test_what_was_only_claimed_waits_again(folder: Folder, store: Store) -> None:
    await recovery(folder, store).begin(JOURNAL)
    assert store.sending.next_due(folder.clock.now()) is not None
    assert len(store.sending.claim(10, folder.clock.now(), 1)) == 2


async def test_a_store_that_refuses_in_between_makes_no_copy_indeterminate_twice(
    folder: Folder, store: Store, begun: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.sending, "end_workers", refusing_once(store.sending.end_workers))
    mine = recovery(folder, store)
    with pytest.raises(StorageError):
        await mine.begin(JOURNAL)
    await mine.begin(JOURNAL)
    assert indeterminate(folder) == [begun]


async def test_nothing_is_settled_before_the_digest_has_read_everything(
    folder: Folder, store: Store, begun: int
) -> None:
    async def stopped(_journal: str) -> bool:
        return False

    assert await Recovery(store, folder.clock, folder.journal.append, stopped).begin(JOURNAL) is None
    assert store.messages.copy(begun).status is CopyStatus.SENDING


async def test_another_journals_worker_is_left_alone(folder: Folder, store: Store, begun: int) -> None:
    await recovery(folder, store).begin("folder/worker-1")
    assert indeterminate(folder) == []
    assert store.messages.copy(begun).status is CopyStatus.SENDING


def knowing(folder: Folder, store: Store, tmp_path: Path) -> Recovery:
    """A worker whose folder of journals says what had begun to leave."""
    return Recovery(store, folder.clock, folder.journal.append, at_once, journals=tmp_path)


@pytest.fixture
def last(store: Store, begun: int, tmp_path: Path) -> TakenCopies:
    """What the dead worker kept."""
    assert begun
    (tmp_path / "app").mkdir()
    [worker] = store.sending.former_workers(JOURNAL)
    return TakenCopies(tmp_path / "app", worker)


async def test_what_was_journaled_and_not_taken_by_a_connection_waits_again(
    folder: Folder, store: Store, begun: int, last: TakenCopies, tmp_path: Path
) -> None:
    last.add(begun + 1)
    await knowing(folder, store, tmp_path).begin(JOURNAL)
    assert indeterminate(folder) == []
    assert store.messages.copy(begun).attempts == 0
    assert begun in {one.copy for one in store.sending.claim(10, folder.clock.now(), 1)}


async def test_what_a_connection_had_taken_is_indeterminate(
    folder: Folder, store: Store, begun: int, last: TakenCopies, tmp_path: Path
) -> None:
    last.add(begun)
    await knowing(folder, store, tmp_path).begin(JOURNAL)
    assert indeterminate(folder) == [begun]


async def test_a_journal_that_is_not_whole_makes_all_indeterminate(
    folder: Folder, store: Store, begun: int, last: TakenCopies, tmp_path: Path
) -> None:
    last.add(begun + 1)
    store.integrity.add_incidents([Incident("damage", folder.clock.now(), "damaged", "bytes are damaged", "app")])
    await knowing(folder, store, tmp_path).begin(JOURNAL)
    assert begun in indeterminate(folder)


async def test_what_the_next_worker_sends_is_kept_anew(
    folder: Folder, store: Store, begun: int, last: TakenCopies, tmp_path: Path
) -> None:
    last.add(begun)
    mine = knowing(folder, store, tmp_path)
    worker = await mine.begin(JOURNAL)
    assert last_taken(tmp_path / "app") == LastTaken(worker, frozenset())
    mine.took(7)
    assert last_taken(tmp_path / "app") == LastTaken(worker, frozenset({7}))


async def test_a_disk_that_took_no_file_leaves_all_that_was_claimed_indeterminate(
    folder: Folder, store: Store, begun: int, tmp_path: Path
) -> None:
    mine = knowing(folder, store, tmp_path)
    await mine.begin(JOURNAL)
    mine.took(7)
    assert begun in indeterminate(folder)
    assert len(indeterminate(folder)) == 3


async def three_claimed(folder: Folder, store: Store, *, digested: bool) -> int:
    """A worker that was killed with three claimed copies, of which its journal says nothing."""
    await submit(folder, store)
    worker = store.sending.begin_worker(JOURNAL, 1)
    if digested:
        store.digest.apply(Batch(workers=(worker,)))
    assert len(store.sending.claim(10, folder.clock.now(), worker)) == 3
    return worker


async def test_a_journal_that_does_not_know_its_worker_makes_all_it_had_claimed_indeterminate(
    folder: Folder, store: Store
) -> None:
    await three_claimed(folder, store, digested=False)
    await recovery(folder, store).begin(JOURNAL)
    assert len(indeterminate(folder)) == 3
    assert "3 copies may have left" in store.integrity.incidents()[0].text


@pytest.mark.parametrize("what", ["copied", "removed", "an older one"])
async def test_a_journal_that_was_put_back_while_its_worker_ran_makes_all_indeterminate(
    folder: Folder, store: Store, tmp_path: Path, what: str
) -> None:
    worker = await three_claimed(folder, store, digested=True)
    journal = tmp_path / "app"
    journal.mkdir()
    TakenCopies(journal, worker - 1 if what == "an older one" else worker)
    if what == "copied":
        shutil.copytree(journal, tmp_path / "backup")
        journal.rename(tmp_path / "lost")
        shutil.copytree(tmp_path / "backup", journal)
    elif what == "removed":
        shutil.rmtree(journal)
        journal.mkdir()
    await knowing(folder, store, tmp_path).begin(JOURNAL)
    assert len(indeterminate(folder)) == 3


async def test_what_was_settled_is_settled_again_when_the_journal_lost_it(
    folder: Folder, store: Store, begun: int
) -> None:
    await recovery(folder, store).begin(JOURNAL)
    assert indeterminate(folder) == [begun]
    # Put back before the digest read it: the next start finds the copy as the first one did.
    await recovery(folder, store).begin(JOURNAL)
    assert indeterminate(folder) == [begun, begun]


async def test_a_worker_is_forgotten_once_what_was_settled_is_digested(
    folder: Folder, store: Store, begun: int
) -> None:
    await recovery(folder, store).begin(JOURNAL)
    store.digest.apply(Batch(attempts=[AttemptResult(begun, SendOutcome.INDETERMINATE, 40, 1)]))
    second = await recovery(folder, store).begin(JOURNAL)
    assert store.sending.former_workers(JOURNAL) == [second]


async def test_damage_found_when_the_clock_is_back_is_about_the_worker_all_the_same(
    folder: Folder, store: Store
) -> None:
    await three_claimed(folder, store, digested=True)
    store.integrity.add_incidents([Incident("damage", 0, "damaged", "bytes are damaged", "app")])
    await recovery(folder, store).begin(JOURNAL)
    assert len(indeterminate(folder)) == 3


async def test_what_was_told_of_a_former_worker_is_not_about_the_next(folder: Folder, store: Store) -> None:
    damage = Incident("damage", 9, "damaged", "bytes are damaged", "app")
    store.integrity.add_incidents([damage])
    await three_claimed(folder, store, digested=True)
    store.integrity.add_incidents([damage])
    await recovery(folder, store).begin(JOURNAL)
    assert indeterminate(folder) == []


async def test_a_worker_claims_nothing_before_its_start_is_durable(
    folder: Folder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = recovery(folder, store)
    monkeypatch.setattr(folder.journal, "append", refusing)
    monkeypatch.setattr(mine, "_append", refusing)
    with pytest.raises(StorageError):
        await mine.begin(JOURNAL)
    monkeypatch.undo()
    worker = await mine.begin(JOURNAL)
    assert [one.worker for one in folder.observations() if isinstance(one, WorkerStarted)] == [worker]


async def refusing(_record: bytes) -> None:
    raise StorageError("the disk is full")


async def test_a_worker_whose_folder_is_gone_is_settled_by_another(
    folder: Folder, store: Store, tmp_path: Path
) -> None:
    await three_claimed(folder, store, digested=True)
    [worker] = store.sending.former_workers(JOURNAL)
    other = knowing(folder, store, tmp_path)
    await other.take_over(tmp_path / "app", [worker])
    settled = indeterminate(folder)
    assert len(settled) == 3
    store.digest.apply(Batch(attempts=[AttemptResult(one, SendOutcome.INDETERMINATE, 40, 1) for one in settled]))
    await other.take_over(tmp_path / "app", [worker])
    assert indeterminate(folder) == settled
    assert store.sending.former_workers(JOURNAL) == []
