"""The digest from a journaled observation to what pages show."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from mails.records import attempt
from postlude.classify import Judgement
from postlude.journal import JournalWriter
from postlude.kit.clock import SystemClock
from postlude.mail.limits import LARGE
from postlude.model.errors import StorageError
from postlude.model.observation import Attempt, Hit, Returned, Submitted, encode_observation
from postlude.model.words import CopyStatus, EventKind, HitEndpoint, SendOutcome, Via
from postlude.services.digest.hits import Hits
from postlude.services.reports.messages import Reports
from servers.stop_after import StopAfter

World = Any  # conftest.World: tests are found by path and cannot import one another

_YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


def _hit(
    copy: int = 10, at: int = 1000, endpoint: HitEndpoint = HitEndpoint.PIXEL, agent: str = "Gecko", position: int = -1
) -> Hit:
    method = "POST" if endpoint is HitEndpoint.UNSUBSCRIBE else "GET"
    return Hit(at, endpoint, 1, copy // 10, copy, position, method, agent, "192.0.2.0", {}, {"network": "hosting"})


def _kinds(world: World, copy: int | None = None) -> list[str]:
    return [event.kind.value for event in world.history.timeline(1, copy)]


def _submit(world: World) -> None:
    world.spool.put(1, b"Hello")
    world.say(Submitted(5, 1, 7, Via.RELAY, "alice@example.org", ("bob@example.org", "carol@example.org")))


@pytest.fixture
def answered(world: World, human: Callable[..., Judgement]) -> World:
    """A message to Bob and Carol: Bob opened, clicked, left and answered."""
    _submit(world)
    world.say(
        attempt(SendOutcome.ACCEPTED, 100),
        _hit(at=200),
        _hit(at=300),
        _hit(at=400, endpoint=HitEndpoint.LINK, position=3),
        _hit(at=500, endpoint=HitEndpoint.UNSUBSCRIBE_PAGE),
        _hit(at=600, endpoint=HitEndpoint.UNSUBSCRIBE),
    )
    world.spool.put(9, b"bob@example.org")
    world.say(Returned(700, 9, "smtp", "bob@example.org", "alice@example.org"))
    assert world.digest(hits=Hits(world.store.messages, human)).catch_up() == 8
    return world


def test_a_message_from_taking_in_to_an_answer(answered: World) -> None:
    assert _kinds(answered, 10) == [
        "queued",
        "sent",
        "opened",
        "opened",
        "clicked",
        "viewed",
        "unsubscribed",
        "replied",
    ]
    assert _kinds(answered, 11) == ["queued"]


def test_every_record_has_one_outcome(answered: World) -> None:
    assert answered.store.digest.outcomes() == {"submitted": 1, "attempted": 1, "counted": 5, "returned": 1}


def test_who_left_is_suppressed(answered: World) -> None:
    assert answered.store.suppressions.contains(["bob@example.org", "carol@example.org"]) == {"bob@example.org"}


def test_an_event_has_what_its_request_told(answered: World) -> None:
    opened = answered.history.timeline(1, 10)[2]
    assert opened.reasons == ("sent 100",)
    assert opened.facts == {"user_agent": "Gecko", "network": "hosting", "client": "Gmail"}
    assert opened.address == "192.0.2.0"


def test_the_report_of_a_message_counts_each_recipients_events(answered: World) -> None:
    bob, carol = Reports(answered.store, answered.history).message(1).copies
    assert bob.status == "sent"
    assert bob.delivered == "implied"
    assert bob.opens == 2
    assert bob.clicks == 1
    assert bob.unsubscribed_at == 600
    assert bob.replied_at == 700
    assert bob.first_open_at == 200
    assert carol.status == "queued"
    assert carol.delivered == ""
    assert carol.opens == 0


def test_the_list_of_messages_counts_recipients(answered: World) -> None:
    [row] = Reports(answered.store, answered.history).messages()
    assert row.copies == 2
    assert row.sent == 1
    assert row.opened == 1
    assert row.clicked == 1
    assert row.replied == 1
    assert row.mark == "opened"


def test_a_timeline_is_written_in_sentences(answered: World) -> None:
    sentences = [entry.summary for entry in Reports(answered.store, answered.history).timeline(1, "bob@example.org")]
    assert sentences[2:4] == [
        "Opened in Gmail by a person",
        "Opened in Gmail by a person (2nd time)",
    ]


def test_mail_nobody_can_match_is_shown_and_kept(world: World) -> None:
    world.spool.put(9, b"eve@example.org")
    world.spool.put(8, b"@" * 20)
    world.say(Returned(700, 9, "smtp", "", ""), Returned(800, 8, "smtp", "x@y.z", ""))
    world.digest().catch_up()
    assert world.store.digest.outcomes() == {"unmatched": 2}
    *newest, oldest = world.store.feedback.list_unmatched()
    assert oldest.mail == 9
    assert oldest.reason == "nothing_of_ours"
    assert oldest.summary == "replied from eve@example.org: 0"
    assert [one.mail for one in newest] == [8] * 20
    events = world.history.timeline(0)
    assert len({event.id for event in events}) == len(events) == 21


@pytest.mark.parametrize(
    ("attempt", "kinds", "status", "suppressed"),
    [
        (attempt(SendOutcome.ACCEPTED, 100, phase="sandbox"), ["sent", "delivered"], CopyStatus.SENT, False),
        (attempt(SendOutcome.REJECTED, 100, "550 5.1.1 no such user"), ["rejected"], CopyStatus.REJECTED, True),
        (attempt(SendOutcome.REJECTED, 100, "554 5.7.1 spam"), ["rejected"], CopyStatus.REJECTED, False),
        (attempt(SendOutcome.INDETERMINATE, 100), ["indeterminate"], CopyStatus.INDETERMINATE, False),
        (attempt(SendOutcome.EXPIRED, 100), ["expired"], CopyStatus.EXPIRED, False),
    ],
)
def test_what_the_next_server_said(
    world: World, attempt: Attempt, kinds: list[str], status: CopyStatus, *, suppressed: bool
) -> None:
    _submit(world)
    world.say(attempt)
    world.digest().catch_up()
    assert _kinds(world, 10)[1:] == kinds
    assert world.store.messages.copy(10).status is status
    assert bool(world.store.suppressions.contains(["bob@example.org"])) is suppressed


def test_a_repeating_proxy_is_one_opening_also_after_a_restart(world: World) -> None:
    now = SystemClock().now()
    world.say(_hit(at=now, agent=_YAHOO), _hit(at=now + 1_000_000, agent=_YAHOO), _hit(at=now, agent="Gecko"))
    world.digest().catch_up()
    world.say(_hit(at=now + 29_000_000, agent=_YAHOO), _hit(at=now + 31_000_000, agent=_YAHOO))
    world.digest().catch_up()
    done = world.store.messages.activity(1)[10]
    assert done.opens == 2
    assert done.opens_machine == 2
    assert world.history.total() == 5


def test_an_opening_whose_batch_could_not_be_written_counts_when_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.say(_hit(at=SystemClock().now(), agent=_YAHOO))
    digest = world.digest()
    with monkeypatch.context() as patch:
        patch.setattr(world.history, "append", _full)
        digest.run(StopAfter(1))
    digest.run(StopAfter(1))
    assert world.store.digest.outcomes() == {"counted": 1}


def test_a_repeating_proxy_is_one_opening_however_long_the_digest_stood_still(world: World) -> None:
    an_hour_ago = SystemClock().now() - 3_600_000_000
    world.say(_hit(at=an_hour_ago, agent=_YAHOO))
    world.digest().catch_up()
    world.say(_hit(at=an_hour_ago + 10_000_000, agent=_YAHOO))
    world.digest().catch_up()
    done = world.store.messages.activity(1)[10]
    assert done.opens == 1
    assert done.opens_machine == 1


def _full(*_arguments: object, **_named: object) -> None:
    raise StorageError("the disk is full")


async def test_pages_hear_of_it(world: World) -> None:
    heard = world.changes.subscribe()
    waiting = asyncio.ensure_future(anext(heard))
    await asyncio.sleep(0)
    world.say(_hit(copy=10), _hit(copy=20, endpoint=HitEndpoint.LINK, position=1))
    await asyncio.to_thread(world.digest().catch_up)
    async with asyncio.timeout(5):
        assert await waiting == {1, 2}
    await heard.aclose()
    assert EventKind.CLICKED in {event.kind for event in world.history.timeline(2)}


def test_other_peoples_mail_in_a_mailbox_is_neither_kept_nor_shown(world: World) -> None:
    world.spool.put(9, b"eve@example.org")
    world.spool.put(8, b"bob@example.com")
    world.say(Returned(700, 9, "imap:alice@example.org", "", ""), Returned(800, 8, "imap:alice@example.org", "", ""))
    world.digest().catch_up()
    assert world.store.digest.outcomes() == {"ordinary": 1, "returned": 1}
    assert world.store.feedback.list_unmatched() == []
    assert not world.spool.path(9).exists()
    assert world.spool.get(8) == b"bob@example.com"
    assert _kinds(world) == ["replied"]


def test_a_mail_is_committed_before_the_hits_that_were_there_first(world: World) -> None:
    world.say(*(_hit(copy=50, at=1000 + at) for at in range(700)))
    relay = JournalWriter(world.folder / "journal", "relay")
    world.spool.put(1, b"Hello")
    submitted = Submitted(5, 1, 7, Via.RELAY, "alice@example.org", ("bob@example.org",))
    relay.append_blocking(encode_observation(submitted))
    world.digest(batch_records=8000).catch_up()
    first, *rest = world.store.feed.after(0)
    assert [event.kind for event in first.events] == [EventKind.QUEUED]
    assert sum(len(entry.events) for entry in rest) == 700
    relay.close()


def test_small_mails_do_not_wait_until_a_large_one_is_read(world: World) -> None:
    let = Event()

    def reading(submitted: Submitted, raw: bytes) -> object:
        assert len(raw) < LARGE or let.wait(20)
        return world.take(submitted, raw[:100])

    world.spool.put(1, b"x" * (LARGE + 1))
    world.spool.put(2, b"small")
    world.spool.put(3, b"behind it")
    with closing(JournalWriter(world.folder / "journal", "relay-large")) as large:
        for message in (1, 3):
            large.append_blocking(encode_observation(_submitted(message)))
        world.say(_submitted(2))
        digest = world.digest(reading=reading)
        assert digest.step() == 1
        assert digest.step() == 0
        assert set(world.store.messages.get_many({1, 2, 3})) == {2}
        assert not digest.state.idle_at
        let.set()
        assert digest.catch_up() == 2
        assert set(world.store.messages.get_many({1, 2, 3})) == {1, 2, 3}
        assert world.digest(reading=reading).catch_up() == 0


def test_a_small_batch_gathers_for_its_processor_time_and_not_for_the_disks(world: World) -> None:
    def slow_disk() -> bool:
        Event().wait(0.3)
        return False

    _submit(world)
    digest = world.digest(maintenance=slow_disk)
    assert digest._round() < 0.2
    assert world.store.messages.get(1) is not None


def _submitted(message: int) -> Submitted:
    return Submitted(5, message, 7, Via.RELAY, "alice@example.org", ("bob@example.org",))
