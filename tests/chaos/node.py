"""One Postlude in a process of its own: journals, digest, stores and sender put together as the app does it.

It is told what to do through a pipe, and killed from outside. What it sends goes into a file outside its data folder.
"""

import asyncio
import os
import re
import threading
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest.mock import patch

from postlude.app.build.common import Parts, build_parts
from postlude.app.build.digest import build_digest
from postlude.app.build.history import open_or_quarantine
from postlude.app.build.sending import build_sender, build_tracker
from postlude.config import Settings, load
from postlude.journal import JournalWriter, Spool
from postlude.model.answer import Answer
from postlude.model.errors import PostludeError
from postlude.model.observation import Hit, encode
from postlude.model.words import HitEndpoint, SendOutcome, Via
from postlude.services.accounts.users import create_first_user
from postlude.services.change_feed import Changes
from postlude.services.integrity.sending_pause import pause_if_new
from postlude.services.messages.submission import accept
from postlude.services.ports import Forecast, Outgoing
from postlude.store import open_store
from postlude.worker import Worker

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0"
_PIXEL = re.compile(rb"/i/([\w-]+)\.gif")
_SPARE = 1 << 20


def settings_of(data: Path) -> Settings:
    """The settings of an instance in this folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("POSTLUDE_")}
    with patch.dict(os.environ, clean | {"POSTLUDE_DATA": str(data)}, clear=True):
        return load()


class Outside:
    """The next server: one line a copy it was given, written before it answers."""

    concurrency = 4

    def __init__(self, path: Path, parts: Parts) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._codec = parts.codec

    async def send(self, copy: Outgoing) -> Answer:
        flat = copy.data.replace(b"=\r\n", b"")
        token = _PIXEL.search(flat)
        ref = self._codec.read_read(token[1].decode()) if token else None
        place = f"{ref.kind.value} {ref.scope} {ref.copy}" if ref else "0 0 0"
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
        parts = build_parts(settings)
        used = parts.folder.was_used()
        store = open_store(settings.database)
        stack.callback(store.close)
        pause_if_new(store, parts.clock, parts.folder.identity(), used=used)
        if store.accounts.first_user() is None and store.integrity.sending_pause() is None:
            create_first_user(store, parts.clock, "owner@example.org", "Owner")
        history = open_or_quarantine(parts.folder.history, store, parts.clock)
        stack.callback(history.close)
        journals = {}
        for name, spare in (("app", 0), ("mail", 0), ("edge", _SPARE)):
            journals[name] = JournalWriter(parts.folder.journal, name, spare_bytes=spare)
            stack.callback(journals[name].close)
        spool_out, spool_in, tracker = Spool(parts.folder.spool_out), Spool(parts.folder.spool_in), build_tracker(parts)
        changes = Changes()
        digest = build_digest(parts, store, history, changes, tracker=tracker, spool_out=spool_out, spool_in=spool_in)
        stop_digest, begun = threading.Event(), parts.clock.now()
        thread = threading.Thread(target=digest.run, args=(stop_digest,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop_digest.set)

        async def caught_up(_journal: str) -> bool:
            while digest.state.idle_at <= begun:  # noqa: ASYNC110 - set by the digest's thread
                await asyncio.sleep(0.01)
            return True

        sender = build_sender(
            parts,
            store,
            tracker=tracker,
            spool=spool_out,
            append=journals["app"].append,
            transport=Outside(outside, parts),
            digested=caught_up,
        )
        stop, wake = asyncio.Event(), asyncio.Event()
        worker = asyncio.create_task(Worker(sender).run(stop, wake))
        pipe.send(("ready",))
        while (reported := await asyncio.to_thread(pipe.recv)) != ("stop",):
            try:
                pipe.send(await _obey(reported, journals, spool_out, parts, digest, wake))
            except PostludeError as error:
                pipe.send(("failed", type(error).__name__, str(error)))
        stop.set()
        wake.set()
        await worker
        await _obey(("settle",), journals, spool_out, parts, digest, wake)
    pipe.send(("stopped",))


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
                user=1,
                via=Via.RELAY,
                mail_from="owner@example.org",
                recipients=[address],
                raw=raw.encode(),
            )
            return ("accepted", address)
        case ("hit", kind, scope, copy):
            hit = Hit(parts.clock.now(), HitEndpoint.PIXEL, kind, scope, copy, -1, "GET", AGENT, "192.0.2.0", {}, {})
            await journals["edge"].append(encode(hit))
            return ("answered", copy)
        case ("settle",):
            wake.set()
            asked = parts.clock.now()
            for _ in range(200):
                if digest.state.idle_at > asked or digest.problem:
                    break
                await asyncio.sleep(0.02)
            return ("settled", digest.problem)
    raise AssertionError(reported)
