"""What came back: counted once, believed as far as it is signed, corrected later, and visible when it fits nothing."""

from pathlib import Path

import pytest

from postlude.model.errors import NotFoundError
from postlude.tokens import TagPurpose

from .conftest import BOB, EVE, Desk
from .letters import complaint, dsn, reply


def test_a_later_bounce_corrects_an_earlier_acceptance(desk: Desk):
    (copy,) = desk.sent(BOB)
    assert (desk.view(copy).delivered, desk.view(copy).bounced_at) == ("accepted", None)
    desk.returned(dsn(BOB, "2.0.0", "250 ok", "delivered"), desk.tag(copy))
    assert desk.view(copy).delivered == "confirmed"
    desk.returned(dsn(BOB), desk.tag(copy))
    view = desk.view(copy)
    assert (view.delivered, view.bounce_reason, view.bounced_at is not None) == ("", "unknown_user", True)
    assert desk.store.suppressions.get(BOB).evidence == "envelope_tag"
    assert desk.kinds(copy) == ["delivered", "bounced"]


def test_the_same_mail_by_two_doors_and_again_counts_once(desk: Desk):
    (copy,) = desk.sent(BOB)
    raw = reply(BOB)
    desk.returned(raw, door="imap:alice@sender.test")
    desk.returned(b"Received: from somewhere\r\n" + raw, desk.tag(copy, TagPurpose.REPLY))
    desk.begin()  # a restart forgets what is only remembered
    desk.returned(raw.replace(b"\r\n", b"\n"), door="imap:alice@sender.test")
    assert desk.kinds(copy) == ["replied"]
    assert desk.store.digest.outcomes()["repeated"] == 2
    desk.returned(reply(BOB, "One more thing.", number=2), door="imap:alice@sender.test")
    assert desk.kinds(copy) == ["replied", "replied"]


@pytest.mark.parametrize("raw", [dsn(BOB), complaint(BOB, "Subject: something else\n")], ids=["bounce", "complaint"])
def test_what_nobody_signed_suppresses_nobody(desk: Desk, raw: bytes):
    desk.sent(BOB)
    desk.returned(raw, "postmaster@sender.test")
    assert desk.store.suppressions.get(BOB) is None
    (waiting,) = desk.store.feedback.list_unmatched()
    assert (waiting.reason, waiting.facts["recipient"]) == ("nothing_of_ours", BOB)


def test_address_time_and_subject_tie_probably_and_suppress_nobody(desk: Desk):
    (copy,) = desk.sent(BOB)
    desk.returned(complaint(BOB), "postmaster@sender.test")
    assert desk.store.suppressions.get(BOB) is None
    assert desk.events(copy)[-1].facts["strength"] == "probable"


def test_evidence_at_odds_with_itself_is_in_quarantine(desk: Desk):
    bob, eve = desk.sent(BOB, EVE)
    inner = f"Return-Path: <{desk.tag(eve)}>\nSubject: Our offer\n"
    desk.returned(complaint(BOB, inner), desk.tag(bob))
    assert [desk.kinds(copy) for copy in (bob, eve)] == [[], []]
    assert desk.store.suppressions.get(BOB) is None
    assert desk.store.suppressions.get(EVE) is None
    (waiting,) = desk.store.feedback.list_unmatched()
    assert waiting.reason == "conflict"


def test_somebody_else_who_answers_is_linked_and_may_be_credited_by_hand(desk: Desk):
    (copy,) = desk.sent(BOB)
    desk.returned(reply("bob.private@home.test"), desk.tag(copy, TagPurpose.REPLY))
    assert desk.view(copy).replied_at is None
    (waiting,) = desk.store.feedback.list_unmatched()
    assert (waiting.reason, waiting.copy, waiting.kind) == ("other_sender", copy.id, "replied")
    desk.resolve(waiting.id, copy.id)
    assert desk.view(copy).replied_at == waiting.at
    assert desk.store.feedback.list_unmatched() == []
    (tied,) = desk.store.feedback.list_unmatched(state="tied")
    assert (tied.copy, tied.handled_by) == (copy.id, desk.user.id)
    event = desk.events(copy)[-1]
    assert (event.facts["evidence"], event.facts["sender"]) == ("by_hand", "bob.private@home.test")


def test_a_complaint_tied_by_hand_suppresses_and_a_dismissed_one_does_not(desk: Desk):
    bob, eve = desk.sent(BOB, EVE)
    desk.returned(complaint(BOB, "Subject: x\n"), "abuse@sender.test")
    desk.returned(complaint(EVE, "Subject: x\n"), "abuse@sender.test")
    waiting = {one.facts["recipient"]: one for one in desk.store.feedback.list_unmatched()}
    desk.resolve(waiting[BOB].id, bob.id)
    desk.resolve(waiting[EVE].id)
    desk.resolve(waiting[EVE].id, eve.id)  # the first decision stays
    assert desk.store.suppressions.get(BOB).evidence == "by_hand"
    assert desk.store.suppressions.get(EVE) is None
    assert (desk.view(bob).complained_at, desk.view(eve).complained_at) == (waiting[BOB].at, None)


def test_a_decision_about_nothing_is_set_aside(desk: Desk):
    desk.resolve(12345, 6)
    assert "nothing unmatched" in desk.store.feedback.list_set_aside()[0].reason
    with pytest.raises(NotFoundError, match="feedback unmatched"):
        desk.store.feedback.unmatched(12345)


def test_each_recipient_of_one_report_is_a_row_of_its_own(desk: Desk):
    raw = dsn(BOB).replace(
        b"\r\n--b--", b"\r\nFinal-Recipient: rfc822; eve@other.test\r\nAction: failed\r\nStatus: 5.2.2\r\n\r\n--b--"
    )
    desk.returned(raw, "abuse@sender.test")
    assert {one.facts["recipient"] for one in desk.store.feedback.list_unmatched()} == {BOB, EVE}


@pytest.mark.parametrize("text", ["unsubscribe", "STOP", "Bitte abmelden."])
def test_leaving_by_reply(desk: Desk, text: str):
    (copy,) = desk.sent(BOB)
    desk.returned(reply(BOB, text), desk.tag(copy, TagPurpose.REPLY))
    assert desk.view(copy).unsubscribed_at
    assert desk.store.suppressions.get(BOB).reason == "unsubscribed"


def test_leaving_by_mail_comes_before_the_filter_for_automatic_answers(desk: Desk):
    (copy,) = desk.sent(BOB)
    raw = b"From: bob@customer.test\r\nAuto-Submitted: auto-replied\r\nSubject: unsubscribe\r\n\r\n\r\n"
    desk.returned(raw, desk.tag(copy, TagPurpose.UNSUBSCRIBE))
    assert desk.kinds(copy) == ["unsubscribed"]


def test_nothing_is_lost_when_the_stores_are_made_anew(desk: Desk, tmp_path: Path):
    """A history that was lost is rebuilt from the journal, although everything in it was seen before."""
    (copy,) = desk.sent(BOB)
    desk.returned(reply(BOB), desk.tag(copy, TagPurpose.REPLY))
    desk.history.close()
    desk.parts.folder.history.unlink()
    again = Desk.__new__(Desk)
    again.__dict__ |= desk.__dict__
    from postlude.history import open_history  # noqa: PLC0415 - only here

    desk.history = again.history = open_history(desk.parts.folder.history)
    again.begin()
    again.digest.catch_up()
    assert again.kinds(copy) == ["replied"]
    assert tmp_path.exists()
