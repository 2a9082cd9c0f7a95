import threading

import msgspec
import pytest

from postlude.model.words import CopyStatus, SendOutcome, Via
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission, open_store

ME = 77


def _submission(number: int, recipients: int) -> Submission:
    message = Message(
        id=number,
        user=7,
        message_id=f"m{number}@example.org",
        subject="",
        sender="alice@example.org",
        mail_from="alice@example.org",
        via=Via.RELAY,
        created_at=number,
        envid="e",
    )
    copies = tuple(Copy(number * 1000 + i, number, f"r{i}@example.org") for i in range(recipients))
    return Submission(message, (), copies)


@pytest.fixture
def three(store: Store) -> Store:
    """A store with a message of three copies, 1000 to 1002."""
    store.digest.apply(Batch(submissions=[_submission(1, 3)]))
    return store


def test_a_claim_tells_what_sending_needs(three: Store) -> None:
    assert three.sending.next_due(50) == 50
    claims = three.sending.claim(2, 50, ME)
    assert [(one.copy, one.recipient, one.attempt, one.user, one.mail_from, one.envid) for one in claims] == [
        (1000, "r0@example.org", 1, 7, "alice@example.org", "e"),
        (1001, "r1@example.org", 1, 7, "alice@example.org", "e"),
    ]
    assert three.messages.copy(1000).status is CopyStatus.CLAIMED


def test_a_copy_is_not_given_twice(three: Store) -> None:
    three.sending.claim(2, 50, ME)
    assert [one.copy for one in three.sending.claim(5, 50, ME)] == [1002]
    assert three.sending.claim(5, 50, ME) == []
    assert three.sending.next_due(50) is None


def test_what_has_started_is_in_flight(three: Store) -> None:
    three.sending.claim(3, 50, ME)
    three.digest.apply(Batch(started=[1000, 1001]))
    assert [one.copy for one in three.sending.left_in_flight([ME])] == [1000, 1001]


@pytest.mark.parametrize("started", [(), (1001,)])
def test_a_copy_that_is_given_back_did_not_count(three: Store, started: tuple[int, ...]) -> None:
    """Also one that had started, when nothing of it left."""
    three.sending.claim(3, 50, ME)
    three.digest.apply(Batch(started=started))
    three.campaigns.give_back([1001])
    assert [(one.copy, one.attempt) for one in three.sending.claim(5, 50, ME)] == [(1001, 1)]


def test_a_postponed_copy_waits_and_says_why(three: Store) -> None:
    three.sending.claim(3, 50, ME)
    three.campaigns.postpone([1001], 70, "the server takes 5 a day")
    assert three.messages.copy(1001).text == "the server takes 5 a day"
    assert three.sending.claim(5, 69, ME) == []
    assert [(one.copy, one.attempt) for one in three.sending.claim(5, 70, ME)] == [(1001, 1)]


def test_what_was_accepted_first_leaves_first_and_a_copy_can_be_made_due_again(store: Store) -> None:
    older, newer = (Copy(number, number, "r@example.org", next_attempt_at=at) for number, at in ((9, 100), (3, 200)))
    for copy in (newer, older):
        store.digest.apply(Batch(submissions=[msgspec.structs.replace(_submission(copy.id, 0), copies=(copy,))]))
    assert [claim.copy for claim in store.sending.claim(5, 300, ME)] == [9, 3]
    store.digest.apply(
        Batch(
            attempts=[
                AttemptResult(9, SendOutcome.INDETERMINATE, 310, 1),
                AttemptResult(3, SendOutcome.ACCEPTED, 310, 1),
            ]
        )
    )
    assert store.sending.claim(5, 400, ME) == []
    store.digest.apply(Batch(resends=[9, 3]))
    assert [(claim.copy, claim.attempt) for claim in store.sending.claim(5, 400, ME)] == [(9, 2)]


def test_a_deferred_copy_waits_for_its_time(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 1)]))
    store.sending.claim(1, 10, ME)
    deferred = AttemptResult(1000, SendOutcome.DEFERRED, 20, 1, 451, "4.7.1", "later\0", "mx", retry_at=500)
    store.digest.apply(Batch(attempts=[deferred]))
    copy = store.messages.copy(1000)
    assert copy.status == CopyStatus.DEFERRED
    assert copy.next_attempt_at == 500
    assert copy.code == 451
    assert copy.text == "later\ufffd"
    assert store.sending.claim(1, 499, ME) == []
    assert store.sending.next_due(400) == 500
    assert store.sending.claim(1, 500, ME)[0].attempt == 2


def test_accepted_is_final(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 1)]))
    accepted = AttemptResult(1000, SendOutcome.ACCEPTED, 30, 1, 250, remote_id="<ses-1@eu>", message=1)
    store.digest.apply(Batch(attempts=[accepted, AttemptResult(1000, SendOutcome.INDETERMINATE, 40, 1)]))
    assert store.messages.copy(1000).status == CopyStatus.SENT
    assert store.messages.copy(1000).sent_at == 30
    assert store.messages.sent_times([1000, 5]) == {1000: 30}
    assert [copy.id for copy in store.messages.copies_by_message_id(["ses-1@eu"])] == [1000]
    assert store.messages.find("<ses-1@eu>") == [1]


def test_taking_a_submission_again_changes_nothing(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 2)]))
    store.sending.claim(2, 5, ME)
    store.digest.apply(Batch(submissions=[_submission(1, 2)]))
    assert [copy.status for copy in store.messages.copies(1)] == [CopyStatus.CLAIMED] * 2


def test_claimers_at_the_same_time_never_share_a_copy(store: Store, state_url: str) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 200)]))
    got: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        own = open_store(state_url)
        start.wait()
        while claims := own.sending.claim(7, 10, ME):
            got.extend(claim.copy for claim in claims)
        own.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [copy.id for copy in sorted(store.messages.copies(1), key=lambda copy: copy.id)]
    assert len(set(got)) == 200


@pytest.mark.parametrize("journal", ["app", "folder/app"])
def test_whoever_holds_a_journal_knows_its_former_workers(store: Store, journal: str) -> None:
    dead = store.sending.begin_worker("app", 1)
    store.sending.begin_worker("worker-1", 2)
    assert store.sending.former_workers(journal) == [dead]


def test_only_a_dead_workers_own_copies_are_left_in_flight(store: Store) -> None:
    store.digest.apply(Batch(submissions=[_submission(1, 3)]))
    dead, living = store.sending.begin_worker("app", 1), store.sending.begin_worker("worker-1", 2)
    store.sending.claim(1, 10, dead)
    store.sending.claim(1, 10, living)
    store.digest.apply(Batch(started=[1000, 1001]))
    again = store.sending.begin_worker("app", 3)
    assert [one.copy for one in store.sending.left_in_flight([dead])] == [1000]
    store.digest.apply(Batch(attempts=[AttemptResult(1000, SendOutcome.INDETERMINATE, 40, 1)]))
    assert store.sending.left_in_flight([dead]) == []
    store.sending.end_workers([dead])
    assert store.sending.worker_journals() == {"worker-1": [living], "app": [again]}
