"""Messages that were sent before looks were kept are looked at later."""

from pathlib import Path

from postlude.app.build.campaigns import campaign_services
from postlude.config import load
from postlude.mail.content_look import look_at_mail
from postlude.mail.header_block import HeaderBlock
from postlude.model.words import Via
from postlude.services.campaigns.past_content import look_at_past
from postlude.store import Batch, Message, Submission
from support.past_campaigns import HOUR_US, past_campaign

RAW = b"From: alice@example.org\r\nTo: bob@example.net\r\nSubject: Lunch?\r\n\r\nOn Friday?\r\n"


def _message(number: int, user: int) -> Batch:
    row = Message(
        id=number, user=user, message_id="", subject="Lunch?", sender="alice@example.org", mail_from="", via=Via.WEB,
        created_at=number,
    )  # fmt: skip
    return Batch(submissions=[Submission(row, (), ())])


def test_campaigns_and_stored_mail_are_looked_at_once(tmp_path: Path) -> None:
    with campaign_services(load({"POSTLUDE_DATA": str(tmp_path)})) as services:
        store, spool = services.store, services.parts.folder.outgoing_mail()
        alice = store.accounts.create_user("alice@example.org", created_at=1).id
        past_campaign(store, alice, "News", HOUR_US, 2, {})
        for number in (5, 6):
            store.digest.apply(_message(number, alice))
        spool.put(5, RAW)
        assert look_at_past(store, services.contents, spool) == (2, 1)
        assert look_at_past(store, services.contents, spool) == (0, 1)
        assert store.content.looks([5])[5].words == look_at_mail(RAW, HeaderBlock(RAW)).words == 2
