"""What the demo's recipients find in their mailbox."""

from pathlib import Path
from random import Random

import pytest

from postlude.app.build.common import Parts, build_parts
from postlude.app.build.sending import build_tracker
from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.demo.outbox import Delivered, DemoOutbox
from postlude.config import load
from postlude.instrument import Policy
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing

MAIL = (
    b"From: olivia@example.org\r\nSubject: Offer\r\nContent-Type: text/html\r\n\r\n"
    b"<p><a href='https://shop.example/a'>the offer</a></p>\r\n"
)


class Started:
    """The journal's word that the copy is about to leave."""

    sync_s = 0.0

    def ask(self) -> None:
        """It is there already."""

    async def durable(self) -> None:
        """At once."""


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return build_parts(load({"POSTLUDE_DATA": str(tmp_path / "data")}))


def tracked(parts: Parts, recipient: str) -> Outgoing:
    """One copy, number 7 of message 5."""
    tracker = build_tracker(parts)
    data = tracker.plan(5, MAIL, Policy()).render(tracker.urls(5).tokens(7).read)
    return Outgoing("olivia@example.org", recipient, data)


async def test_a_delivered_mail_says_which_copy_it_is_and_what_can_be_followed(parts: Parts) -> None:
    found: list[Delivered] = []
    outbox = DemoOutbox(parts, DemoClock(DAY), Random(1), frozenset(), found.append)
    await outbox.send(tracked(parts, "bob@example.net"), Started())
    assert found[0].copy.scope == 5
    assert found[0].copy.copy == 7
    assert found[0].links == (0,)


async def test_a_recipient_without_room_refuses(parts: Parts) -> None:
    outbox = DemoOutbox(parts, DemoClock(DAY), Random(1), frozenset({"bob@example.net"}), lambda _mail: None)
    answer = await outbox.send(tracked(parts, "bob@example.net"), Started())
    assert answer.outcome is SendOutcome.REJECTED
    assert outbox.list() == []


async def test_time_passes_while_mail_leaves(parts: Parts) -> None:
    clock = DemoClock(DAY)
    await DemoOutbox(parts, clock, Random(1), frozenset(), lambda _mail: None).send(
        tracked(parts, "bob@example.net"), Started()
    )
    assert clock.now() > DAY
