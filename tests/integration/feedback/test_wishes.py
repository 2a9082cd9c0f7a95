"""Answers that ask to be taken off: mailings wait for a person, everything else goes on."""

import json
from typing import Any

import pytest

from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_text
from postlude.model.words import MemberStatus, MessagePurpose
from postlude.services.feedback.review_queue import accept_wish, questions
from postlude.tokens import TagPurpose

from .conftest import BOB, EVE, SENT_AT, World
from .example_mails import reply
from .test_queue import run

ASKS = "Thanks, but please take me off your list. How is Anna?"


def mailing_ended(world: World, address: str = BOB) -> str | None:
    assert world.store.contacts.why_not([address], MessagePurpose.TRANSACTIONAL) == {}
    return world.store.contacts.why_not([address], MessagePurpose.MAILING).get(address)


def test_a_wish_holds_mailings_back_until_it_is_dismissed(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB, ASKS), world.tag(copy, TagPurpose.REPLY))
    assert world.kinds(copy) == ["replied"]
    assert mailing_ended(world) == "asks_to_leave"
    (waiting,) = world.store.feedback.list_unmatched()
    assert waiting.reason == "asks_to_leave"
    assert waiting.copy == copy.id
    assert waiting.address == BOB
    world.resolve(waiting.id)
    assert mailing_ended(world) is None
    assert world.kinds(copy) == ["replied"]


def test_accepting_it_unsubscribes_and_says_so_once(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB, ASKS), world.tag(copy, TagPurpose.REPLY))
    (waiting,) = world.store.feedback.list_unmatched()
    world.say(accept_wish(world.store, world.user, SystemClock(), waiting.id))
    assert mailing_ended(world) == "unsubscribed"
    assert world.kinds(copy) == ["replied", "unsubscribed"]
    assert world.view(copy).unsubscribed_at is not None


def test_accepting_ends_the_list_the_mail_came_by(world: World) -> None:
    news = world.store.lists.add("News", SENT_AT)
    contact = world.store.contacts.add(BOB, SENT_AT)
    other = world.store.lists.add("Other", SENT_AT)
    for one in (news, other):
        world.store.lists.put_member(one.id, contact.id, MemberStatus.SUBSCRIBED, SENT_AT)
    (copy,) = world.sent(BOB)
    world.came_by(copy, news.id, contact.id)
    world.returned(reply(BOB, ASKS), world.tag(copy, TagPurpose.REPLY))
    (waiting,) = world.store.feedback.list_unmatched()
    world.resolve(waiting.id, copy.id)
    status = {one.list: one.status for one in world.store.lists.memberships(contact.id)}
    assert status == {news.id: MemberStatus.UNSUBSCRIBED, other.id: MemberStatus.SUBSCRIBED}
    assert mailing_ended(world) is None  # mailings that name no list reach who is still on another


def test_a_request_that_nobody_signed_waits_as_well(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB, "unsubscribe"), "alice@sender.test")  # tied by a Message-ID that others may know
    assert world.store.suppressions.get(BOB) is None
    assert mailing_ended(world) == "asks_to_leave"
    (waiting,) = world.store.feedback.list_unmatched()
    world.resolve(waiting.id, copy.id)
    assert mailing_ended(world) == "unsubscribed"
    assert world.kinds(copy) == ["unsubscribed"]


def test_a_signed_request_needs_nobody(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB, "unsubscribe"), world.tag(copy, TagPurpose.REPLY))
    assert mailing_ended(world) == "unsubscribed"
    assert world.store.feedback.list_unmatched() == []


@pytest.mark.parametrize(
    "raw",
    [
        reply(
            BOB, "Yes, gladly!\n\nOn Monday Alice wrote:\n> If you do not want this,\n> please take me off your list."
        ),
        reply(BOB, ASKS).replace(b"Subject:", b"List-Id: <talk.customer.test>\r\nSubject:"),
        reply(BOB, ASKS).replace(b"Subject:", b"List-Unsubscribe: <https://x.test/u>\r\nSubject:"),
        reply(BOB, "unsubscribe").replace(b"Subject:", b"Precedence: bulk\r\nSubject:"),
        reply(BOB, "unsubscribe").replace(b"Subject:", b"Precedence: list\r\nSubject:"),
    ],
    ids=["quoted", "list", "newsletter", "bulk", "old list"],
)
def test_quotations_and_lists_wish_nothing(world: World, raw: bytes) -> None:
    (copy,) = world.sent(BOB)
    world.returned(raw, world.tag(copy, TagPurpose.REPLY))
    assert mailing_ended(world) is None
    assert world.kinds(copy) in (["replied"], ["autoresponded"])
    assert world.store.feedback.list_unmatched() == []


def test_somebody_else_wishes_nothing_for_the_recipient(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(EVE, ASKS), world.tag(copy, TagPurpose.REPLY))
    assert mailing_ended(world) is None
    assert mailing_ended(world, EVE) is None


@pytest.fixture
def row(world: World) -> dict[str, Any]:
    """What the command lists after Bob's answer."""
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB, ASKS), world.tag(copy, TagPurpose.REPLY))
    [row] = json.loads(run(world, "unmatched", "--json").out)["unmatched"]
    assert row["copy"] == id_text(copy.id)
    return dict(row)


def test_the_queue_shows_it(world: World, row: dict[str, Any]) -> None:
    [asked] = questions(world.store, world.user, SystemClock()).questions
    assert asked.asks_to_leave
    assert row["reason"] == "asks_to_leave"


def test_the_command_line_accepts_it(world: World, row: dict[str, Any]) -> None:
    done = run(world, "accept", row["id"])
    assert done.code == 0, done.err
    assert "accepted" in done.out
    world.digest.catch_up()
    assert mailing_ended(world) == "unsubscribed"


def test_a_wish_is_accepted_once(world: World, row: dict[str, Any]) -> None:
    run(world, "accept", row["id"])
    world.digest.catch_up()
    again = run(world, "accept", row["id"])
    assert again.code == 2
    assert "already assigned" in again.err


def test_only_a_wish_can_be_accepted(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(EVE), world.tag(copy, TagPurpose.REPLY))
    (waiting,) = world.store.feedback.list_unmatched()
    code, _, err = run(world, "accept", id_text(waiting.id))
    assert code == 2
    assert "does not ask to be taken off" in err


def test_forgetting_who_asked_keeps_the_wish(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB, ASKS), world.tag(copy, TagPurpose.REPLY))
    world.store.forgetting.forget(BOB, SENT_AT)
    assert world.store.feedback.list_unmatched() == []
    assert mailing_ended(world) is None
    world.store.contacts.add(BOB, SENT_AT)  # by an import, by hand: they come in again
    assert mailing_ended(world) == "unsubscribed"
