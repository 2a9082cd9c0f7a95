"""What came back: counted once, believed as far as it is signed, corrected later, and visible when it fits nothing."""

from pathlib import Path

import pytest

from postlude.model.errors import NotFoundError
from postlude.store import Copy
from postlude.tokens import TagPurpose
from support.present import present

from .conftest import BOB, EVE, World
from .example_mails import complaint, dsn, reply


def test_a_later_bounce_corrects_an_earlier_acceptance(world: World) -> None:
    (copy,) = world.sent(BOB)
    assert world.view(copy).delivered == "accepted"
    assert world.view(copy).bounced_at is None
    world.returned(dsn(BOB, "2.0.0", "250 ok", "delivered"), world.tag(copy))
    assert world.view(copy).delivered == "confirmed"
    world.returned(dsn(BOB), world.tag(copy))
    view = world.view(copy)
    assert view.delivered == ""
    assert view.bounce_reason == "unknown_user"
    assert view.bounced_at is not None
    assert present(world.store.suppressions.get(BOB)).evidence == "envelope_tag"
    assert world.kinds(copy) == ["delivered", "bounced"]


def test_the_same_mail_by_two_channels_and_again_counts_once(world: World) -> None:
    (copy,) = world.sent(BOB)
    raw = reply(BOB)
    world.returned(raw, channel="imap:alice@sender.test")
    world.returned(b"Received: from somewhere\r\n" + raw, world.tag(copy, TagPurpose.REPLY))
    world.begin()  # a restart forgets what is only remembered
    world.returned(raw.replace(b"\r\n", b"\n"), channel="imap:alice@sender.test")
    assert world.kinds(copy) == ["replied"]
    assert world.store.digest.outcomes()["repeated"] == 2
    world.returned(reply(BOB, "One more thing.", number=2), channel="imap:alice@sender.test")
    assert world.kinds(copy) == ["replied", "replied"]


@pytest.mark.parametrize("raw", [dsn(BOB), complaint(BOB, "Subject: something else\n")], ids=["bounce", "complaint"])
def test_what_nobody_signed_suppresses_nobody(world: World, raw: bytes) -> None:
    world.sent(BOB)
    world.returned(raw, "postmaster@sender.test")
    assert world.store.suppressions.get(BOB) is None
    (waiting,) = world.store.feedback.list_unmatched()
    assert waiting.reason == "nothing_of_ours"
    assert waiting.facts["recipient"] == BOB


def test_address_time_and_subject_matches_probably_and_suppress_nobody(world: World) -> None:
    (copy,) = world.sent(BOB)
    world.returned(complaint(BOB), "postmaster@sender.test")
    assert world.store.suppressions.get(BOB) is None
    assert world.events(copy)[-1].facts["strength"] == "probable"


def test_evidence_at_odds_with_itself_is_in_quarantine(world: World) -> None:
    bob, eve = world.sent(BOB, EVE)
    inner = f"Return-Path: <{world.tag(eve)}>\nSubject: Our offer\n"
    world.returned(complaint(BOB, inner), world.tag(bob))
    assert [world.kinds(copy) for copy in (bob, eve)] == [[], []]
    assert world.store.suppressions.get(BOB) is None
    assert world.store.suppressions.get(EVE) is None
    (waiting,) = world.store.feedback.list_unmatched()
    assert waiting.reason == "conflict"


@pytest.fixture
def answered_by_another(world: World) -> Copy:
    """A person who was not written to answers what Bob got."""
    (copy,) = world.sent(BOB)
    world.returned(reply("bob.private@home.test"), world.tag(copy, TagPurpose.REPLY))
    return copy


def test_somebody_else_who_answers_is_linked(world: World, answered_by_another: Copy) -> None:
    (waiting,) = world.store.feedback.list_unmatched()
    assert world.view(answered_by_another).replied_at is None
    assert waiting.reason == "other_sender"
    assert waiting.copy == answered_by_another.id
    assert waiting.kind == "replied"


def test_somebody_else_who_answers_may_be_credited_by_hand(world: World, answered_by_another: Copy) -> None:
    (waiting,) = world.store.feedback.list_unmatched()
    world.resolve(waiting.id, answered_by_another.id)
    assert world.view(answered_by_another).replied_at == waiting.at
    assert world.store.feedback.list_unmatched() == []


def test_what_was_credited_by_hand_says_by_whom(world: World, answered_by_another: Copy) -> None:
    (waiting,) = world.store.feedback.list_unmatched()
    world.resolve(waiting.id, answered_by_another.id)
    (assigned,) = world.store.feedback.list_unmatched(state="assigned")
    facts = world.events(answered_by_another)[-1].facts
    assert assigned.copy == answered_by_another.id
    assert assigned.handled_by == world.user.id
    assert facts["evidence"] == "by_hand"
    assert facts["sender"] == "bob.private@home.test"


def test_a_complaint_assigned_by_hand_suppresses_and_a_dismissed_one_does_not(world: World) -> None:
    bob, eve = world.sent(BOB, EVE)
    world.returned(complaint(BOB, "Subject: x\n"), "abuse@sender.test")
    world.returned(complaint(EVE, "Subject: x\n"), "abuse@sender.test")
    waiting = {one.facts["recipient"]: one for one in world.store.feedback.list_unmatched()}
    world.resolve(waiting[BOB].id, bob.id)
    world.resolve(waiting[EVE].id)
    world.resolve(waiting[EVE].id, eve.id)  # the first decision stays
    assert present(world.store.suppressions.get(BOB)).evidence == "by_hand"
    assert world.store.suppressions.get(EVE) is None
    assert world.view(bob).complained_at == waiting[BOB].at
    assert world.view(eve).complained_at is None


def test_a_decision_about_nothing_is_quarantined(world: World) -> None:
    world.resolve(12345, 6)
    assert "no unmatched mail" in world.store.feedback.list_quarantined()[0].reason
    with pytest.raises(NotFoundError, match="feedback unmatched"):
        world.store.feedback.unmatched(12345)


def test_each_recipient_of_one_report_is_a_row_of_its_own(world: World) -> None:
    raw = dsn(BOB).replace(
        b"\r\n--b--", b"\r\nFinal-Recipient: rfc822; eve@other.test\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n--b--"
    )
    world.returned(raw, "abuse@sender.test")
    assert {one.facts["recipient"] for one in world.store.feedback.list_unmatched()} == {BOB, EVE}


@pytest.mark.parametrize("text", ["unsubscribe", "STOP", "Bitte abmelden."])
def test_leaving_by_reply(world: World, text: str) -> None:
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB, text), world.tag(copy, TagPurpose.REPLY))
    assert world.view(copy).unsubscribed_at
    assert present(world.store.suppressions.get(BOB)).reason == "unsubscribed"


def test_leaving_by_mail_comes_before_the_filter_for_automatic_answers(world: World) -> None:
    (copy,) = world.sent(BOB)
    raw = b"From: bob@customer.test\r\nAuto-Submitted: auto-replied\r\nSubject: unsubscribe\r\n\r\n\r\n"
    world.returned(raw, world.tag(copy, TagPurpose.UNSUBSCRIBE))
    assert world.kinds(copy) == ["unsubscribed"]


def test_nothing_is_lost_when_the_stores_are_made_anew(world: World, tmp_path: Path) -> None:
    """A history that was lost is rebuilt from the journal, although everything in it was seen before."""
    (copy,) = world.sent(BOB)
    world.returned(reply(BOB), world.tag(copy, TagPurpose.REPLY))
    world.history.close()
    world.parts.folder.history.unlink()
    again = World.__new__(World)
    again.__dict__ |= world.__dict__
    from postlude.history import open_history  # noqa: PLC0415 - only here

    world.history = again.history = open_history(world.parts.folder.history)
    again.begin()
    again.digest.catch_up()
    assert again.kinds(copy) == ["replied"]
    assert tmp_path.exists()
