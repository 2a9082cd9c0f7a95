"""A copy of which nobody knows whether it arrived: what settles it, and what its sender wants meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.observation import Attempt
from postlude.model.words import CopyStatus, IfIndeterminate, SendOutcome
from postlude.services.accounts.sender_settings import set_if_indeterminate
from postlude.services.messages.recovery import Recovery
from postlude.store import AttemptResult, Batch, Copy, Store, open_store
from servers.difficult import DROP, Difficult
from servers.smtp_process import Folder

from .test_worker import attempts, submit, working

JOURNAL = "folder/app"
TWICE, NEVER = IfIndeterminate.RATHER_TWICE, IfIndeterminate.NEVER_TWICE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'state.sqlite'}")
    opened.accounts.create_user("alice@example.org")
    yield opened
    opened.close()


def unknown(copy: Copy, retry_at: int = 0) -> AttemptResult:
    return AttemptResult(copy.id, SendOutcome.INDETERMINATE, 500, 1, text="lost", retry_at=retry_at)


async def test_it_is_never_sent_again_unless_its_sender_wants_that(folder: Folder, store: Store) -> None:
    await submit(folder, store)
    async with Difficult(end=DROP).running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {(one.outcome, one.retry_at) for one in found} == {(SendOutcome.INDETERMINATE, 0)}
    store.digest.apply(Batch(attempts=[as_result(one) for one in found]))
    assert store.sending.next_due(folder.clock.now()) is None


@pytest.mark.parametrize("sender", ["alice@example.org", "EXAMPLE.org"])
async def test_it_is_tried_once_more_for_a_sender_who_would_rather_have_it_twice(
    folder: Folder, store: Store, sender: str
) -> None:
    set_if_indeterminate(store, sender, TWICE)
    copies = await submit(folder, store)
    async with Difficult(end=DROP).running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {one.outcome for one in found} == {SendOutcome.INDETERMINATE}
    assert all(50 < (one.retry_at - one.at) / MICROS_PER_SECOND < 70 for one in found)
    store.digest.apply(Batch(attempts=[as_result(one) for one in found]))
    again = found[0].retry_at + MICROS_PER_SECOND
    claims = store.sending.claim(10, again, 7)
    assert sorted(claim.copy for claim in claims) == sorted(copy.id for copy in copies)
    assert {(claim.attempt, claim.indeterminate) for claim in claims} == {(2, 1)}


async def test_once_more_is_not_for_ever(folder: Folder, store: Store) -> None:
    set_if_indeterminate(store, "example.org", TWICE)
    copies = await submit(folder, store)
    store.digest.apply(Batch(attempts=[unknown(copy, retry_at=1) for copy in copies]))
    async with Difficult(end=DROP).running() as server, working(folder, store, server):
        found = await attempts(folder, 3)
    assert {(one.outcome, one.retry_at, one.attempt) for one in found} == {(SendOutcome.INDETERMINATE, 0, 1)}


async def test_a_crash_is_no_other_case(folder: Folder, store: Store) -> None:
    set_if_indeterminate(store, "example.org", TWICE)
    first, second, third = await submit(folder, store)
    store.digest.apply(Batch(attempts=[unknown(second, retry_at=1)]))
    worker = store.sending.begin_worker(JOURNAL, 1)
    store.sending.claim(10, folder.clock.now(), worker)
    store.digest.apply(Batch(workers=[worker], started=[first.id, second.id]))

    async def digested(_journal: str) -> bool:
        return True

    await Recovery(store, folder.clock, folder.journal.append, digested).begin(JOURNAL)
    found = {one.copy: one.retry_at for one in folder.observations() if isinstance(one, Attempt)}
    assert found.keys() == {first.id, second.id}
    assert found[first.id] > folder.clock.now()
    assert found[second.id] == 0
    assert store.messages.copy(third.id).status is CopyStatus.QUEUED


async def test_a_resumed_hold_makes_nothing_go_twice(folder: Folder, store: Store) -> None:
    await submit(folder, store)
    store.integrity.pause_sending("restored", folder.clock.now() + 10 * MICROS_PER_SECOND)
    store.integrity.resume_sending()
    for copy in store.sending.claim(10, folder.clock.now(), 1):
        assert store.messages.copy(copy.copy).status is not CopyStatus.INDETERMINATE


def as_result(one: Attempt) -> AttemptResult:
    return AttemptResult(one.copy, one.outcome, one.at, one.attempt, text=one.text, retry_at=one.retry_at)
