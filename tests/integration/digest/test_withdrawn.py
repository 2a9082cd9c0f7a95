"""A withdrawal acts from its own time on, whoever wrote it down and whenever it arrives."""

from typing import Any

import pytest

from postlude.journal import JournalWriter
from postlude.model.observation import Submitted, encode_observation
from postlude.model.words import Consent, EventKind, HitEndpoint, Purpose, Via
from support.withdrawals import hit, recorded, two_sent, withdraw

World = Any  # conftest.World: tests are found by path and cannot import one another


@pytest.fixture
def sent(world: World) -> World:
    return two_sent(world)


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_hits_of_a_backlog_count_up_to_the_withdrawal_and_not_beyond(sent: World, batch: int) -> None:
    sent.say(hit(10, 90), withdraw(20, 100), hit(10, 101), hit(20, 102, HitEndpoint.LINK), hit(11, 103))
    sent.digest(batch_records=batch).catch_up()
    assert recorded(sent) == [(90, 10, "opened"), (103, 11, "opened")]


@pytest.mark.parametrize("batch", [1, 100])
def test_the_projections_say_the_same(sent: World, batch: int) -> None:
    sent.say(hit(10, 101), hit(10, 102, HitEndpoint.LINK), hit(11, 103, HitEndpoint.LINK), withdraw(20, 100))
    sent.digest(batch_records=batch).catch_up()
    bob = sent.store.messages.activity(1)[10]
    assert bob.opens == 0
    assert bob.clicks == 0
    assert [link.clicks for link in sent.store.messages.link_activity(1).values()] == [1]


@pytest.mark.parametrize("batch", [1, 100])
def test_a_withdrawal_from_another_edge_that_is_read_later_takes_out_what_was_recorded(sent: World, batch: int) -> None:
    other = JournalWriter(sent.folder / "journal", "edge-2")
    digest = sent.digest(batch_records=batch)
    sent.say(hit(10, 99), hit(10, 100), hit(20, 150, HitEndpoint.LINK))
    digest.catch_up()
    other.append_blocking(encode_observation(withdraw(20, 100)))
    digest.catch_up()
    other.close()
    assert recorded(sent) == [(99, 10, "opened")]


def test_opens_and_clicks_are_withdrawn_separately(sent: World) -> None:
    sent.say(withdraw(10, 100, opens="on", clicks="off"), hit(10, 110), hit(10, 120, HitEndpoint.LINK))
    sent.say(withdraw(11, 100, opens="off", clicks="on"), hit(11, 110), hit(11, 120, HitEndpoint.LINK))
    sent.digest().catch_up()
    assert recorded(sent) == [(110, 10, "opened"), (120, 11, "clicked")]


@pytest.mark.parametrize("batch", [1, 100])
def test_who_allows_again_is_recorded_from_then_on(sent: World, batch: int) -> None:
    sent.say(hit(10, 90), withdraw(10, 100), hit(10, 150), withdraw(10, 200, "on", "on"), hit(10, 250))
    sent.digest(batch_records=batch).catch_up()
    assert recorded(sent) == [(90, 10, "opened"), (250, 10, "opened")]


@pytest.mark.parametrize("endpoint", [HitEndpoint.VIEW, HitEndpoint.UNSUBSCRIBE_PAGE, HitEndpoint.PREFERENCES_PAGE])
def test_that_a_page_was_looked_at_is_not_recorded(sent: World, endpoint: HitEndpoint) -> None:
    sent.say(withdraw(10, 100))
    digest = sent.digest()
    digest.catch_up()
    sent.say(hit(20, 110, endpoint))
    digest.catch_up()
    assert recorded(sent) == []


def test_a_page_of_mail_sent_after_the_withdrawal_is_not_recorded_either(sent: World) -> None:
    sent.say(withdraw(10, 100))
    digest = sent.digest()
    digest.catch_up()
    sent.spool.put(3, b"Hello")
    sent.say(Submitted(120, 3, 7, Via.RELAY, "alice@example.org", ("bob@example.org",)))
    digest.catch_up()
    sent.say(hit(30, 130, HitEndpoint.UNSUBSCRIBE_PAGE))
    digest.catch_up()
    assert recorded(sent, 30) == []


def test_what_is_decided_afterwards_counts_without_program_and_address(sent: World) -> None:
    digest = sent.digest()
    sent.say(withdraw(10, 100))
    digest.catch_up()
    sent.say(hit(20, 110, HitEndpoint.UNSUBSCRIBE, how="page", network="home"))
    digest.catch_up()
    [event] = [event for event in sent.history.of_copies([20]) if event.kind is EventKind.UNSUBSCRIBED]
    assert event.address == ""
    assert event.facts == {"how": "page", "method": "POST"}
    assert sent.store.suppressions.contains(["bob@example.org"]) == {"bob@example.org"}


def test_the_withdrawal_itself_leaves_no_program_and_address(sent: World) -> None:
    sent.say(withdraw(10, 100))
    sent.digest().catch_up()
    [event] = [event for event in sent.history.of_copies([10]) if event.kind is EventKind.VIEWED]
    assert event.address == ""
    assert "user_agent" not in event.facts


def test_what_an_operator_records_is_the_same_act(sent: World) -> None:
    contact = sent.store.contacts.add("Bob@example.org", 1)
    sent.say(hit(10, 90), hit(10, 110), hit(20, 120, HitEndpoint.LINK))
    digest = sent.digest()
    digest.catch_up()
    sent.store.contacts.record_consent(
        contact.id, {Purpose.OPENS: Consent.WITHDRAWN}, 100, how="by hand", source="letter"
    )
    sent.say(hit(10, 130))
    digest.catch_up()
    assert recorded(sent) == [(90, 10, "opened"), (120, 20, "clicked")]


def test_nothing_is_taken_out_twice_and_nothing_after_a_restart(sent: World) -> None:
    sent.say(hit(10, 90), withdraw(10, 100), hit(10, 110))
    sent.digest().catch_up()
    before = (recorded(sent), sent.store.messages.activity(1), sent.history.total())
    sent.digest().catch_up()
    assert (recorded(sent), sent.store.messages.activity(1), sent.history.total()) == before


def test_hits_left_out_have_an_outcome_of_their_own(sent: World) -> None:
    digest = sent.digest()
    sent.say(withdraw(10, 100))
    digest.catch_up()
    sent.say(hit(10, 110), hit(10, 120, HitEndpoint.VIEW))
    digest.catch_up()
    assert sent.store.digest.outcomes()["withdrawn"] == 2
