"""Stores that are older than the rest, results that come before their copies, damage that is told."""

import shutil
from typing import Any

from postlude.journal import JournalWriter
from postlude.kit.clock import SystemClock
from postlude.kit.ids import new_id
from postlude.model.observation import Attempt, AttemptStarted, Submitted, WorkerStarted, encode_observation
from postlude.model.words import CampaignStatus, CopyStatus, SendOutcome, Via
from postlude.services.integrity.sending_pause import pause_if_new, problems, resume_sending
from postlude.store import Incident
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Audience

World = Any  # conftest.World: tests are found by path and cannot import one another

_NOW = 1_000_000


def _submit(world: World, message: int = 1) -> None:
    world.spool.put(message, b"Hello")
    world.say(Submitted(5, message, 7, Via.RELAY, "alice@example.org", ("bob@example.org",)))


def _accepted(copy: int, message: int = 1) -> Attempt:
    return Attempt(9, message, copy, SendOutcome.ACCEPTED, 250, "", "ok", "mx.example", "end-of-data", 1)


def test_a_result_that_is_read_before_its_message_counts_when_the_message_comes(world: World) -> None:
    world.say(_accepted(10))
    world.digest().catch_up()
    _submit(world)
    world.digest().catch_up()
    assert world.store.messages.copy(10).status is CopyStatus.SENT


def test_a_result_of_a_copy_the_state_does_not_know_holds_all_sending(world: World) -> None:
    world.say(_accepted(10))
    _submit(world, 2)
    world.digest().catch_up()
    assert "older than the journal" in world.store.integrity.sending_pause().reasons[0]
    assert world.store.sending.claim(10, _NOW, 1) == []


def test_a_copy_that_was_begun_before_the_state_was_put_back_is_indeterminate(world: World) -> None:
    world.say(AttemptStarted(8, (10,)))
    world.digest().catch_up()
    _submit(world)
    world.digest().catch_up()
    assert world.store.messages.copy(10).status is CopyStatus.INDETERMINATE


def test_an_answer_wins_over_what_was_only_begun(world: World) -> None:
    world.say(_accepted(10), AttemptStarted(8, (10,)))
    world.digest().catch_up()
    _submit(world)
    world.digest().catch_up()
    assert world.store.messages.copy(10).status is CopyStatus.SENT


def test_a_state_that_is_older_than_the_history_holds_all_sending_once(world: World) -> None:
    _submit(world)
    world.history.append([], {9: (1, 1)}, generation=50)
    world.digest().catch_up()
    assert "older than the history" in world.store.integrity.sending_pause().reasons[0]
    resume_sending(world.store)
    world.digest().catch_up()
    assert world.store.integrity.sending_pause() is None
    assert [claim.copy for claim in world.store.sending.claim(10, _NOW, 1)] == [10]


def test_a_copy_begun_by_a_later_state_is_indeterminate_and_holds_all_sending(world: World) -> None:
    _submit(world)
    world.digest().catch_up()
    later = world.store.integrity.generation() + 1
    world.say(AttemptStarted(8, (10,), later))
    world.digest().catch_up()
    assert world.store.messages.copy(10).status is CopyStatus.INDETERMINATE
    assert "had not yet let leave" in world.store.integrity.sending_pause().reasons[0]


def test_what_is_begun_says_which_state_let_it_be_claimed(world: World) -> None:
    _submit(world)
    world.digest().catch_up()
    [claim] = world.store.sending.claim(10, _NOW, world.store.sending.begin_worker("folder/app", 100))
    assert claim.generation == world.store.integrity.generation()


def test_a_state_without_a_claim_is_older_than_what_was_begun_after_it(world: World) -> None:
    _submit(world)
    world.digest().catch_up()
    before = world.store.integrity.generation()
    [claim] = world.store.sending.claim(10, _NOW, world.store.sending.begin_worker("folder/app", 100))
    assert claim.generation > before


def test_an_ordinary_restart_holds_nothing_and_tells_nothing(world: World) -> None:
    for message in (1, 2, 3):
        _submit(world, message)
        world.digest().catch_up()
    assert problems(world.store) == []


def test_damage_in_the_journal_is_kept_as_an_incident_before_what_is_behind_it_is_read(world: World) -> None:
    _submit(world, 1)
    [path] = (world.folder / "journal" / "edge").glob("*.journal")
    first = path.stat().st_size
    _submit(world, 2)
    _submit(world, 3)
    world.writer.close()
    content = bytearray(path.read_bytes())
    content[first + 30] ^= 1
    path.write_bytes(content)
    world.digest().catch_up()
    assert "bytes of the journal of edge are damaged" in problems(world.store)[0]
    assert {row[0] for row in world.store.messages.checksums()} == set()
    assert set(world.store.messages.get_many([1, 2, 3])) == {1, 3}
    world.writer = JournalWriter(world.folder / "journal", "edge")


def test_a_journal_that_is_gone_before_anything_of_it_was_digested_is_told(world: World) -> None:
    folder = world.folder / "journal" / "edge"
    world.digest().step()
    world.writer.close()
    shutil.rmtree(folder)
    world.writer = JournalWriter(world.folder / "journal", "edge")
    world.digest().step()
    assert "the journal of edge was replaced by another one" in problems(world.store)[0]


def test_a_message_whose_bytes_are_gone_has_its_copies_and_is_told(world: World) -> None:
    world.say(Submitted(5, 1, 7, Via.RELAY, "alice@example.org", ("bob@example.org",), checksum="00"))
    world.digest().catch_up()
    assert world.store.messages.copy(10).recipient == "bob@example.org"
    assert "bob@example.org" in problems(world.store)[0]


def test_what_a_worker_with_a_damaged_journal_had_claimed_is_not_given_back(world: World) -> None:
    _submit(world)
    world.digest().catch_up()
    worker = world.store.sending.begin_worker("folder/app", 100)
    world.store.sending.claim(10, _NOW, worker)
    world.store.integrity.add_incidents([Incident("x", 200, "damaged", "a frame", "app")])
    assert [claim.copy for claim in world.store.sending.left_in_flight([worker])] == [10]
    world.store.sending.end_workers([worker])
    assert world.store.messages.copy(10).status is CopyStatus.SENDING


def test_what_a_worker_had_claimed_whose_start_was_never_read_is_not_given_back(world: World) -> None:
    _submit(world)
    world.digest().catch_up()
    worker = world.store.sending.begin_worker("folder/worker-1", 100)
    world.store.sending.claim(10, _NOW, worker)
    assert [claim.copy for claim in world.store.sending.left_in_flight([worker])] == [10]


def test_what_a_worker_with_a_whole_journal_had_claimed_is_given_back(world: World) -> None:
    _submit(world)
    world.digest().catch_up()
    worker = world.store.sending.begin_worker("folder/app", 100)
    world.say(WorkerStarted(100, worker))
    world.digest().catch_up()
    world.store.sending.claim(10, _NOW, worker)
    assert world.store.sending.left_in_flight([worker]) == []
    world.store.sending.end_workers([worker])
    assert world.store.messages.copy(10).status is CopyStatus.QUEUED


def test_an_empty_state_in_a_used_folder_holds_and_a_new_one_does_not(world: World) -> None:
    pause_if_new(world.store, SystemClock(), "folder", used=False)
    assert world.store.integrity.sending_pause() is None
    world.store.settings.delete("data_folder")
    pause_if_new(world.store, SystemClock(), "folder", used=True)
    assert "missing" in world.store.integrity.sending_pause().reasons[0]


def test_a_state_of_another_folder_holds_and_gives_up_what_was_in_its_hands(world: World) -> None:
    pause_if_new(world.store, SystemClock(), "old", used=False)
    _submit(world)
    world.digest().catch_up()
    world.store.sending.claim(10, _NOW, world.store.sending.begin_worker("old/app", 100))
    pause_if_new(world.store, SystemClock(), "new", used=False)
    assert "another data folder" in world.store.integrity.sending_pause().reasons[0]
    resume_sending(world.store)
    assert world.store.messages.copy(10).status is CopyStatus.INDETERMINATE


def test_mail_that_may_have_left_becomes_indeterminate_when_a_sender_s_journal_is_not_whole(world: World) -> None:
    _submit(world)
    world.digest().catch_up()
    world.store.integrity.pause_sending("put back", _NOW)
    world.store.integrity.add_incidents([Incident("x", _NOW, "gone", "the journal of app is gone", "app")])
    assert resume_sending(world.store).uncertain == 1
    assert world.store.messages.copy(10).status is CopyStatus.INDETERMINATE


def test_a_campaign_of_which_copies_left_that_the_state_forgot_stays_paused(world: World) -> None:
    campaign = Campaign(id=new_id(), user=7, name="News", sender="n@example.org", audience=Audience(everyone=True))
    variant = Variant(campaign=campaign.id, message=new_id(), subject="News", html="<p>x</p>")
    world.store.campaigns.add(campaign, [variant])
    world.store.campaigns.move(campaign.id, [CampaignStatus.DRAFT], CampaignStatus.SENDING)
    world.writer.append_blocking(encode_observation(_accepted(77, variant.message)))
    world.digest().catch_up()
    assert world.store.campaigns.claim(campaign.id, 10, _NOW, 1) == []
    assert resume_sending(world.store).campaigns == ((campaign.id, "News", 1),)
    assert world.store.campaigns.get(campaign.id).status is CampaignStatus.PAUSED
