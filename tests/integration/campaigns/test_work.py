"""The worker's pump with a real journal, store and SMTP server: what leaves, what is said of it, what stops it."""

import asyncio
import errno
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TypeVar

import pytest

from postlude.adapters.smtp_client.pool import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.journal import JournalReader, JournalWriter
from postlude.journal.disk import Disk
from postlude.model.errors import SettingError, StorageError
from postlude.model.observation import Attempt, AttemptStarted, decode_observation
from postlude.model.words import CampaignStatus, Consent, CopyStatus, Purpose, SendOutcome, Tracked
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.drafts import VariantContent, change_campaign
from postlude.services.campaigns.lifecycle import pause_campaign, resume_campaign
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.campaigns.work import CampaignWork
from postlude.services.messages.result_log import ResultLog
from postlude.services.ports import Outgoing, SignerOf
from postlude.store.campaigns.rows import Campaign, CampaignOptions
from postlude.store.contacts.rows import Audience
from postlude.worker import CampaignDeps, run_campaigns
from servers.counting import Counting
from servers.difficult import Difficult
from servers.waiting import until

from .conftest import World

T = TypeVar("T")

NAMES = ("alice", "bob", "charlie")


class Fickle(Disk):
    """A disk that can be told to be full."""

    def __init__(self) -> None:
        self.full = False
        self.refused = 0

    def store(self, fd: int, data: bytes, offset: int) -> None:
        if self.full:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().store(fd, data, offset)


@pytest.fixture
def disk() -> Fickle:
    return Fickle()


@pytest.fixture
def journal(tmp_path: Path, disk: Fickle) -> Iterator[JournalWriter]:
    (tmp_path / "journal").mkdir()
    writer = JournalWriter(tmp_path / "journal", "worker-1", disk=disk)
    yield writer
    writer.close()


def journaled(tmp_path: Path, kind: type[T]) -> list[T]:
    reader = JournalReader(tmp_path / "journal")
    found = [decode_observation(record.data) for record in reader.read({}, 1_000_000)]
    reader.close()
    return [one for one in found if isinstance(one, kind)]


@asynccontextmanager
async def pumping(
    world: World,
    journal: JournalWriter,
    port: int,
    watch: Callable[[], Awaitable[None]] | None = None,
    signer_of: SignerOf = lambda _: None,
) -> AsyncIterator[None]:
    """A worker that sends to `port` until the block ends."""
    transport = SmtpTransport(SmtpConfig(host="127.0.0.1", port=port, tls=TlsPolicy.NONE, connections=2, timeout_s=5))
    work = CampaignWork(world.store, world.clock, world.store.sending.begin_worker("x/worker-1", 1))
    deps = CampaignDeps(
        store=world.store,
        work=work,
        composer=CopyComposer(world.contents, world.codec, world.clock, "b.example.org", signer_of),
        transport=transport,
        results=ResultLog(journal),
        clock=world.clock,
        watch=watch,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(run_campaigns(deps, stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(20):
            await task
        await transport.close()


async def test_a_database_that_fails_between_two_campaigns_does_not_end_the_worker(
    world: World, journal: JournalWriter
) -> None:
    asked: list[int] = []

    async def watch() -> None:
        asked.append(await asyncio.sleep(0, len(asked)))
        if len(asked) == 1:
            raise StorageError("state store: the connection was lost")

    with Counting() as server:
        async with pumping(world, journal, server.port, watch):
            await until("the failure", lambda: asked)
            to_many(world, 5)
            await until("all copies", lambda: server.counts.total() == 8)


async def test_a_database_that_is_away_while_copies_are_composed_costs_them_no_attempt(
    world: World, journal: JournalWriter, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def rename(name: str, to: str) -> None:
        with closing(sqlite3.connect(tmp_path / "state.sqlite")) as connection:
            connection.execute(f"ALTER TABLE {name} RENAME TO {to}")

    to_many(world, 5)
    rename("campaign_files", "away")
    with Counting() as server:
        async with pumping(world, journal, server.port):
            await until("the outage", lambda: "composing copy" in caplog.text)
            rename("away", "campaign_files")
            await until("all copies", lambda: server.counts.total() == 8)
    found = journaled(tmp_path, Attempt)
    assert [(one.outcome, one.attempt) for one in found] == [(SendOutcome.ACCEPTED, 1)] * 8


async def test_a_campaign_whose_keys_are_lost_is_paused_and_says_why(world: World, journal: JournalWriter) -> None:
    def signer_of(_domain: str) -> None:
        raise SettingError("the DKIM keys are gone")

    made = to_many(world, 5)
    with Counting() as server:
        async with pumping(world, journal, server.port, signer_of=signer_of):
            await until("the pause", lambda: world.store.campaigns.get(made.id).status is CampaignStatus.PAUSED)
        assert server.counts.total() == 0
    assert "keys are gone" in world.store.campaigns.get(made.id).problem


def to_many(world: World, count: int) -> Campaign:
    for number in range(count):
        world.store.contacts.add(f"p{number}@customer.test", 50 + number)
    made = world.draft(audience=Audience(everyone=True))
    return schedule_campaign(world.store, world.contents, world.clock, made.id)


async def test_each_copy_is_started_once_and_has_one_result(
    world: World, journal: JournalWriter, tmp_path: Path
) -> None:
    to_many(world, 60)
    with Counting() as server:
        async with pumping(world, journal, server.port):
            await until("all copies", lambda: server.counts.total() == 63)
        assert set(server.counts.values()) == {1}
    attempts = journaled(tmp_path, Attempt)
    assert {one.outcome for one in attempts} == {SendOutcome.ACCEPTED}
    started = [copy for one in journaled(tmp_path, AttemptStarted) for copy in one.copies]
    assert sorted(started) == sorted(one.copy for one in attempts)
    assert len(set(started)) == 63


async def test_a_paused_campaign_stops_and_what_was_in_hand_is_given_back(world: World, journal: JournalWriter) -> None:
    campaign = to_many(world, 300)
    looks: list[float] = []

    async def watch() -> None:
        looks.append(await asyncio.sleep(0, 1.0))

    def idle() -> bool:
        counts = world.store.campaigns.counts(campaign.id)
        return counts.get(CopyStatus.QUEUED, 0) > 200

    with Counting(delay=0.05) as server:
        async with pumping(world, journal, server.port, watch):
            await until("the first copies", lambda: server.counts.total() > 10)
            pause_campaign(world.store, campaign.id)
            await until("claims to be given back", idle)
            looked = len(looks)  # what is being handed over ends meanwhile
            await until("the worker to look for work twice", lambda: len(looks) > looked + 1)
            left, looked = server.counts.total(), len(looks)
            await until("the worker to look for work twice more", lambda: len(looks) > looked + 1)
            assert server.counts.total() == left < 150
            resume_campaign(world.store, campaign.id)
            await until("more copies", lambda: server.counts.total() > left + 20)
        assert set(server.counts.values()) == {1}


async def test_refusals_are_what_they_are(world: World, journal: JournalWriter, tmp_path: Path) -> None:
    campaign = world.draft()
    schedule_campaign(world.store, world.contents, world.clock, campaign.id)
    async with Difficult(rcpt="550 5.1.1 nobody here").running() as server, pumping(world, journal, server.port):
        await until("their results", lambda: len(journaled(tmp_path, Attempt)) >= 3)
    assert {one.code for one in journaled(tmp_path, Attempt)} == {550}
    assert {one.outcome for one in journaled(tmp_path, Attempt)} == {SendOutcome.REJECTED}


async def test_greylisted_copies_wait_and_leave_later(world: World, journal: JournalWriter, tmp_path: Path) -> None:
    campaign = world.draft()
    schedule_campaign(world.store, world.contents, world.clock, campaign.id)
    async with Difficult(rcpt="451 4.7.1 come back").running() as server, pumping(world, journal, server.port):
        await until("their results", lambda: len(journaled(tmp_path, Attempt)) >= 3)
    attempts = journaled(tmp_path, Attempt)
    assert {one.outcome for one in attempts} == {SendOutcome.DEFERRED}
    assert all(one.retry_at > one.at for one in attempts)
    assert world.store.campaigns.get(campaign.id).status is CampaignStatus.SENDING


async def test_who_is_suppressed_meanwhile_gets_nothing(world: World, journal: JournalWriter, tmp_path: Path) -> None:
    campaign = world.draft()
    schedule_campaign(world.store, world.contents, world.clock, campaign.id)
    work = CampaignWork(world.store, world.clock, 5)
    (found,) = work.under_way()
    work.enqueue_audience(found)
    world.store.suppressions.add("alice@customer.test", "unsubscribed")
    with Counting() as server:
        async with pumping(world, journal, server.port):
            await until("their results", lambda: len(journaled(tmp_path, Attempt)) >= 3)
        assert sorted(server.counts) == ["bob@customer.test", "charlie@customer.test"]
    assert sorted(one.outcome for one in journaled(tmp_path, Attempt)) == ["accepted", "accepted", "suppressed"]


async def test_nothing_leaves_while_the_journal_cannot_be_written(
    world: World, journal: JournalWriter, disk: Fickle
) -> None:
    disk.full = True
    to_many(world, 20)
    with Counting() as server:
        async with pumping(world, journal, server.port):
            await until("a second try to write", lambda: disk.refused > 1)
            assert server.counts.total() == 0
            disk.full = False
            await until("all copies", lambda: server.counts.total() == 23)
        assert set(server.counts.values()) == {1}


async def test_two_campaigns_leave_side_by_side(world: World, journal: JournalWriter, tmp_path: Path) -> None:
    to_many(world, 1200)
    second = world.draft("Second")
    with Counting(delay=0.01) as server:
        async with pumping(world, journal, server.port):
            await until("the first one", lambda: server.counts.total() > 20)
            schedule_campaign(world.store, world.contents, world.clock, second.id)
            await until("the second one", lambda: server.counts["alice@customer.test"] == 2)
            assert server.counts.total() < 1203
    (variant,) = world.store.campaigns.variants(second.id)
    assert variant.message in {one.message for one in journaled(tmp_path, Attempt)}


async def test_a_template_that_costs_too_much_for_one_contact_pauses_its_campaign_alone(
    world: World, journal: JournalWriter
) -> None:
    world.store.contacts.add("bomb@customer.test", 49, fields={"bomb": "b" * 100})
    bad = world.draft("Bad", audience=Audience(everyone=True))
    content = VariantContent(subject="x", html="<p>{% if contact.bomb %}{{ contact.bomb * 10**9 }}{% endif %}</p>")
    change_campaign(world.store, bad.id, {}, {"A": content}, Audience(everyone=True), CampaignOptions())
    schedule_campaign(world.store, world.contents, world.clock, bad.id)
    good = world.draft("Good")
    schedule_campaign(world.store, world.contents, world.clock, good.id)
    with Counting() as server:
        async with pumping(world, journal, server.port):
            await until("the pause", lambda: world.store.campaigns.get(bad.id).status is CampaignStatus.PAUSED, 60)
            await until("the other campaign", lambda: len(server.counts) >= 3, 60)
    assert "memory" in world.store.campaigns.get(bad.id).problem
    assert "bomb@customer.test" not in server.counts


def test_where_consent_comes_first_only_who_agreed_is_tracked(world: World) -> None:
    alice = world.store.contacts.by_address("alice@customer.test")
    assert alice is not None
    world.store.contacts.record_consent(
        alice.id, {Purpose.OPENS: Consent.GIVEN, Purpose.CLICKS: Consent.GIVEN}, 3, how="by hand"
    )
    campaign = world.draft()
    schedule_campaign(world.store, world.contents, world.clock, campaign.id)
    work = CampaignWork(world.store, world.clock, 5)
    (found,) = work.under_way()
    work.enqueue_audience(found)
    for track_unknown, expected in ((False, {"alice@customer.test"}), (True, {f"{n}@customer.test" for n in NAMES})):
        composer = CopyComposer(
            world.contents, world.codec, world.clock, "b.example.org", lambda _: None, track_unknown=track_unknown
        )
        claims = work.claim(found, 10)
        composed = {claim.address: composer.compose(found, claim) for claim in claims}
        tracked = {who for who, mail in composed.items() if isinstance(mail, Outgoing) and b"/i/" in mail.data}
        assert tracked == expected
        told = {who for who, mail in composed.items() if isinstance(mail, Outgoing) and mail.tracked & Tracked.OPENS}
        assert told == expected
        world.store.campaigns.give_back([claim.copy for claim in claims])
