"""A real relay and a real inbound server on loopback, with a real journal and spool."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from postlude.adapters.quota_files import QuotaFiles
from postlude.inbound import InboundConfig, run_inbound
from postlude.model.login import Login
from postlude.model.quota import Quota
from postlude.relay import RelayConfig, run_relay
from servers.smtp_process import Folder, Starter

ALICE = "alice@example.org"
PASSWORD = "correct horse"


async def check(login: str, password: str) -> Login | None:
    """One user."""
    await asyncio.sleep(0)
    return Login(7, (ALICE, "*@team.example.org")) if (login, password) == (ALICE, PASSWORD) else None


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.journal.close()


@asynccontextmanager
async def listening(run: Callable[[socket.socket, asyncio.Event], Awaitable[None]]) -> AsyncIterator[int]:
    """The port of a server that runs until the block ends."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    stop = asyncio.Event()
    task = asyncio.ensure_future(run(sock, stop))
    try:
        yield sock.getsockname()[1]
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            async with asyncio.timeout(10):
                await task


@pytest.fixture
def relay(folder: Folder) -> Starter:
    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[int]:
        more = {"check": check, "append_large": folder.journal.append} | {
            name: settings.pop(name) for name in ("check", "owner_of", "tls_sock", "append_large") if name in settings
        }
        quotas = QuotaFiles(folder.root / "quotas", folder.clock, settings.pop("quota", Quota()))
        config = RelayConfig(hostname="relay.test", **settings)

        async def run(sock: socket.socket, stop: asyncio.Event) -> None:
            await run_relay(
                config,
                sock,
                quotas=quotas,
                append=folder.journal.append,
                spool=folder.spool,
                clock=folder.clock,
                stop=stop,
                **more,
            )

        async with listening(run) as port:
            yield port

    return start


@pytest.fixture
def inbound(folder: Folder) -> Starter:
    @asynccontextmanager
    async def start(allowed: Callable[[str], bool] = lambda _: False, **settings: Any) -> AsyncIterator[int]:
        config = InboundConfig(hostname="in.test", **settings)

        async def run(sock: socket.socket, stop: asyncio.Event) -> None:
            await run_inbound(
                config,
                sock,
                codec=folder.codec,
                append=folder.journal.append,
                spool=folder.spool,
                clock=folder.clock,
                stop=stop,
                allowed=allowed,
            )

        async with listening(run) as port:
            yield port

    return start
