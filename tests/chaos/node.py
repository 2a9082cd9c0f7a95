"""One Postlude in a process of its own: journals, digest, stores and sender put together as the app does it.

It is told what to do through a pipe, and killed from outside. What it sends goes into a file outside its data folder.
"""

import asyncio
import os
import re
import threading
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from postlude.app.background.clock_watch import ClockWatch
from postlude.app.build.common import Parts, build_parts, build_quotas
from postlude.app.build.digest import build_digest
from postlude.app.build.sending import build_contents, build_sender, build_tracker
from postlude.config import Settings, load
from postlude.journal import JournalWriter, Spool
from postlude.kit.clock import SystemClock
from postlude.kit.ids import new_id
from postlude.model.answer import Answer
from postlude.model.errors import PostludeError
from postlude.model.observation import Hit, encode_observation
from postlude.model.words import HitEndpoint, SendOutcome, Via
from postlude.services.accounts.users import create_first_user
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.services.campaigns.work import CampaignWork
from postlude.services.change_feed import Changes
from postlude.services.integrity.quarantine import open_or_quarantine
from postlude.services.integrity.sending_pause import pause_if_new
from postlude.services.messages.accept import NewMessage, accept
from postlude.services.messages.recovery import OwnReading, Recovery
from postlude.services.messages.result_log import ResultLog
from postlude.services.messages.retry import RetrySchedule
from postlude.services.messages.sender import SenderDeps
from postlude.services.ports import AttemptStart, Forecast, Outgoing
from postlude.store import Store, open_store
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Audience
from postlude.worker import CampaignDeps, Worker, run_campaigns
from servers.commands import clean_environment

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0"
_PIXEL = re.compile(rb"/i/([\w-]+)\.gif")
_SPARE = 1 << 20
DATABASE, CLOCK = "database", "clock"
"""Beside the data folder: the address of the database, if it is not in there, and how far ahead the clock is."""
_RETRY = RetrySchedule(pauses_s=(1, 2, 3))
_WORKER = "worker-1"
_LOOKS = 2  # the first may have begun before
_PUT_OFF = 7  # one of so many addresses is told to come again, once a process


def settings_of(data: Path) -> Settings:
    """The settings of an instance in this folder, whose database may be elsewhere."""
    given = {"POSTLUDE_DATA": str(data)}
    if (database := data.parent / DATABASE).exists():
        given["POSTLUDE_STATE_URL"] = database.read_text()
    with patch.dict(os.environ, clean_environment({}) | given, clear=True):
        return load()


class Skewed:
    """The machine's clock, as many microseconds ahead as a file says."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT)

    def now(self) -> int:
        return SystemClock().now() + int.from_bytes(os.pread(self._fd, 8, 0), "little", signed=True)


class Outside:
    """The next server: one line a copy it was given, written before it answers."""

    concurrency = 4

    def __init__(self, path: Path, parts: Parts) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._codec = parts.codec
        self._put_off: set[str] = set()

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer:
        flat = copy.data.replace(b"=\r\n", b"")
        token = _PIXEL.search(flat)
        ref = self._codec.read_read(token[1].decode()) if token else None
        place = f"{ref.kind.value} {ref.scope} {ref.copy}" if ref else "0 0 0"
        if not zlib.crc32(copy.rcpt_to.encode()) % _PUT_OFF and copy.rcpt_to not in self._put_off:
            self._put_off.add(copy.rcpt_to)
            return Answer(SendOutcome.DEFERRED, 451, "4.7.1", "come again", "outside", "rcpt")
        await start.durable()
        os.write(self._fd, f"{copy.rcpt_to} {place}\n".encode())
        await asyncio.sleep(0.002)
        return Answer(SendOutcome.ACCEPTED, 250, "2.0.0", "OK", "outside", "end-of-data")

    def wait_s(self) -> float:
        return 0.0

    def forecast(self, copies: int) -> Forecast:
        del copies
        return Forecast(0.0, "")

    async def close(self) -> None:
        os.close(self._fd)


def run_node(data: Path, outside: Path, pipe: Connection) -> None:
    """The process. Says `ready`, or `refused` with the reason, then answers every command."""
    os.setpgrp()
    try:
        asyncio.run(_run(data, outside, pipe))
    except PostludeError as error:
        pipe.send(("refused", type(error).__name__, str(error)))
    os._exit(0)


async def _run(data: Path, outside: Path, pipe: Connection) -> None:
    with ExitStack() as stack:
        settings = settings_of(data)
        parts = replace(build_parts(settings), clock=Skewed(data.parent / CLOCK))
        used = parts.folder.was_used()
        store = open_store(settings.database)
        stack.callback(store.close)
        pause_if_new(store, parts.clock, parts.folder.identity(), used=used)
        if store.accounts.first_user() is None and store.integrity.sending_pause() is None:
            create_first_user(store, parts.clock, "owner@example.org", "Owner")
        parts.folder.session_secret()
        history = open_or_quarantine(parts.folder.history, store, parts.clock)
        stack.callback(history.close)
        journals = {}
        for name, spare in (("app", 0), ("mail", 0), ("edge", _SPARE), (_WORKER, 0)):
            journals[name] = JournalWriter(parts.folder.journal, name, spare_bytes=spare, clock=parts.clock)
            stack.callback(journals[name].close)
        spool_out, spool_in, tracker = parts.folder.outgoing_mail(), parts.folder.returned_mail(), build_tracker(parts)
        changes = Changes()
        digest = build_digest(parts, store, history, changes, tracker=tracker, spool_out=spool_out, spool_in=spool_in)
        stop, wake, stop_digest = asyncio.Event(), asyncio.Event(), threading.Event()
        thread = threading.Thread(target=digest.run, args=(stop_digest,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop_digest.set)

        sender = build_sender(
            parts,
            store,
            tracker=tracker,
            spool=spool_out,
            append=journals["app"].append,
            transport=Outside(outside, parts),
            digested=OwnReading(store, parts.folder.journal, parts.clock, stop).digested,
        )
        sender = replace(sender, retry=_RETRY)
        senders = [
            asyncio.create_task(Worker(sender).run(stop, wake)),
            asyncio.create_task(_send_campaigns(parts, store, sender, journals[_WORKER], stop)),
        ]
        clock_watch = ClockWatch(store, parts.clock, _RETRY)
        clock_watch.start()
        world = _Services(parts, store)
        pipe.send(("ready",))
        while (reported := await asyncio.to_thread(pipe.recv)) != ("stop",):
            try:
                if reported[0] == "campaign":
                    pipe.send(await asyncio.to_thread(world.send_to, reported[1]))
                else:
                    pipe.send(await _obey(reported, journals, spool_out, parts, digest, wake))
            except PostludeError as error:
                pipe.send(("failed", type(error).__name__, str(error)))
        stop.set()
        wake.set()
        await clock_watch.stop()
        await asyncio.gather(*senders)
        await _obey(("settle",), journals, spool_out, parts, digest, wake)
    pipe.send(("stopped",))


async def _send_campaigns(
    parts: Parts, store: Store, sender: SenderDeps, journal: JournalWriter, stop: asyncio.Event
) -> None:
    """What the campaign worker's process does, in this one."""
    recovery = Recovery(store, parts.clock, journal.append, sender.digested, _RETRY, journals=parts.folder.journal)
    own = f"{parts.folder.identity()}/{_WORKER}"
    worker = None
    while worker is None and not stop.is_set():
        try:
            worker = await recovery.begin(own)
        except PostludeError:
            await asyncio.sleep(0.5)
    if worker is None:
        return
    work = CampaignWork(store, parts.clock, worker)
    deps = CampaignDeps(
        store=store,
        work=work,
        composer=CopyComposer(build_contents(parts, store), parts.codec, parts.clock, "", lambda _: None),
        transport=sender.transport,
        results=ResultLog(journal),
        clock=parts.clock,
        retry=_RETRY,
        took=recovery.took,
    )
    await run_campaigns(deps, stop)


class _Services:
    """Somebody who makes campaigns."""

    def __init__(self, parts: Parts, store: Store) -> None:
        self._parts = parts
        self._store = store

    def send_to(self, addresses: Sequence[str]) -> tuple[Any, ...]:
        """One campaign to new contacts; `scheduled` when it is promised that it leaves."""
        store, now = self._store, self._parts.clock.now()
        user = store.accounts.first_user()
        if user is None or store.integrity.sending_pause() is not None:
            return ("failed", "nobody", "sending is held")
        people = [store.contacts.add(address, now).id for address in addresses]
        made = Campaign(id=new_id(), user=user.id, name="News", sender=user.address, audience=Audience(contacts=people))
        variant = Variant(campaign=made.id, message=new_id(), subject="News", html="<p>Hello</p>")
        store.campaigns.add(made, [variant])
        schedule_campaign(store, build_contents(self._parts, store), self._parts.clock, made.id)
        return ("scheduled",)


async def _obey(  # noqa: PLR0917 - what a node is made of
    reported: tuple[Any, ...],
    journals: dict[str, JournalWriter],
    spool: Spool,
    parts: Parts,
    digest: Any,
    wake: asyncio.Event,
) -> tuple[Any, ...]:
    match reported:
        case ("mail", address):
            raw = f"From: owner@example.org\nTo: {address}\nSubject: Hello\nContent-Type: text/html\n\n<p>Hello</p>\n"
            await accept(
                journals["mail"].append,
                spool,
                parts.clock,
                NewMessage(
                    user=1,
                    via=Via.RELAY,
                    mail_from="owner@example.org",
                    recipients=[address],
                    raw=raw.encode(),
                ),
                count=partial(build_quotas(parts).take, 1, None),
            )
            return ("accepted", address)
        case ("hit", kind, scope, copy):
            hit = Hit(parts.clock.now(), HitEndpoint.PIXEL, kind, scope, copy, -1, "GET", AGENT, "192.0.2.0", {}, {})
            await journals["edge"].append(encode_observation(hit))
            return ("answered", copy)
        case ("settle",):
            wake.set()
            seen = {digest.state.idle_at}  # the clock may be set meanwhile: a look that found nothing has another time
            for _ in range(200):
                seen.add(digest.state.idle_at)
                if len(seen) > _LOOKS or digest.problem:
                    break
                await asyncio.sleep(0.02)
            return ("settled", digest.problem)
    raise AssertionError(reported)
