"""One edge process: listening, the journal's answers, and what happens every second."""

import asyncio
import gc
import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from heapq import nsmallest
from ipaddress import ip_network
from operator import attrgetter
from pathlib import Path
from typing import Final

from postlude.edge.address import UNIX
from postlude.edge.config import EdgeConfig
from postlude.edge.connection import Connection
from postlude.edge.core import HIT, IDLE, Core, Waiter
from postlude.edge.front import Front
from postlude.edge.headers import Heads
from postlude.edge.health import edge_health
from postlude.edge.outcome import RequestOutcome
from postlude.edge.request import RequestRefusedError
from postlude.edge.router import Router
from postlude.edge.sent import Sent
from postlude.edge.target import readings
from postlude.edge.tls import Certificate
from postlude.journal import DEFAULT_MAX_BYTES, SPARE_BYTES, STALLED_S, JournalWriter, Position, RefusingJournal
from postlude.journal.disk import Disk
from postlude.kit.clock import Clock, SystemClock
from postlude.kit.connection_caps import ConnectionCaps
from postlude.kit.descriptors import connections_below, raise_descriptor_limit
from postlude.kit.listener import Listener, Release
from postlude.kit.loop import TaskLoop, stopped_within
from postlude.kit.message_buffers import MessageBuffers
from postlude.model.errors import InUseError, StorageError
from postlude.tokens import TokenCodec

_log = logging.getLogger(__name__)
Journal = JournalWriter | RefusingJournal
_BACKLOG: Final = 1024
_MENDED_SECONDS: Final = 2.0  # a journal that could not be opened at the start is tried again this often
_PUBLIC_MODE: Final = 0o666  # as public as the port; the socket's folder controls which accounts may connect
# A batch that is on disk waits for the interpreter no longer than this while requests keep coming. Less costs a tenth
# of the throughput at 64 connections, the default of 5 ms a tenth of it on a slow disk (bench/edge.py).
_SWITCH_SECONDS: Final = 0.0015
# On one core a loop that is busy keeps the committer from its write for up to 1.4 ms at 256 connections; giving way to
# it takes a batch from 0.5 to 0.25 ms, and a slow disk's throughput up by half (bench/edge.py).
_GIVES_WAY: Final = 3
# At the end: what waits for the journal is answered, and who was only just accepted may still send the request.
_TURN_SECONDS: Final = 0.02
_LAST_TURNS: Final = 100
_REQUEST_SECONDS: Final = 0.5


class Edge:
    """The public endpoint of one process. Serves on any number of sockets of one event loop."""

    def __init__(self, config: EdgeConfig, codec: TokenCodec, writer: Journal, clock: Clock | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._writer = writer
        queue = writer.append_queue(self._loop.call_soon, self._from_committer)
        self.core = Core(config, codec, clock or SystemClock(), queue, self._store_large)
        self.heads = Heads()
        self.router = Router(self.core, lambda near: edge_health(self.core, writer, len(self.connections), near=near))
        self.front = Front(self.core, self.router.link)
        self.core.withdrawn = self.front.look_again
        self.connections: set[Connection] = set()
        limits = config.limits
        self._limit: Final = connections_below(limits.connections)
        if self._limit < limits.connections:
            _log.warning(
                "edge: %d connections at once, not %d: this account may open too few files (ulimit -n, LimitNOFILE=)",
                self._limit,
                limits.connections,
            )
        self._by_address: Final = ConnectionCaps(2 * self._limit, limits.connections_per_address)
        self.url_bytes = config.limits.url_bytes
        self.held: Final = MessageBuffers(limits.unanswered_bytes)
        """Bodies and requests that wait."""
        self.sent: Final = Sent(limits.sent_bytes)
        self.tick = 1
        self._full_since = 0
        """The second in which there was no connection to end."""
        self._given_up = 0
        self._certificate = Certificate(config.tls_cert, config.tls_key)
        self._servers: list[asyncio.AbstractServer] = []
        self._tls_sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._ticking = TaskLoop("edge clock", self._every_second, delay_s=1.0)

    async def listen(self, sockets: Sequence[socket.socket] = ()) -> None:
        """Serve on `sockets` (already bound), or on the configured address; InUseError when it is taken."""
        config = self.core.config
        factory = partial(Connection, self)
        try:
            if self._certificate.context is not None:
                for sock in sockets or [_bound(config.host, config.port)]:
                    self._listen_with_tls(sock, self._certificate.context)
            elif sockets:
                for sock in sockets:
                    self._servers.append(await self._loop.create_server(factory, sock=sock, backlog=_BACKLOG))
            else:
                server = self._loop.create_server(factory, config.host, config.port, backlog=_BACKLOG, reuse_port=True)
                self._servers.append(await server)
            if config.unix_path is not None:
                config.unix_path.unlink(missing_ok=True)
                self._servers.append(await self._loop.create_unix_server(factory, str(config.unix_path)))
                config.unix_path.chmod(_PUBLIC_MODE)
        except OSError as error:
            raise InUseError(f"{config.host}:{config.port}: {error.strerror or error}") from error
        self._ticking.start()

    def _listen_with_tls(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        """A handshake that never comes counts as a connection from the moment it is accepted."""
        limits = self.core.config.limits
        networks = [ip_network(each, strict=False) for each in self.core.config.proxies if each != UNIX]
        caps = ConnectionCaps(limits.connections, limits.connections_per_address, networks)
        sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        listener = Listener(
            "edge",
            sock,
            caps,
            lambda _address, release: _Handshaken(self, release),
            refusal=b"",
            make_room=self._make_room,
            tls=context,
        )
        self._tls_sockets.append(sock)
        self._accepting.append(self._loop.create_task(listener.accept()))

    @property
    def port(self) -> int:
        """The TCP port of the first socket."""
        sockets = [sock for server in self._servers for sock in getattr(server, "sockets", ())] + self._tls_sockets
        return int(next(sock.getsockname()[1] for sock in sockets if sock.family != socket.AF_UNIX))

    async def close(self) -> None:
        """Stop listening, answer what waits for the journal, end the connections."""
        for server in self._servers:
            server.close()
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for sock in self._tls_sockets:
            sock.close()
        await self._ticking.stop()
        for turn in range(_LAST_TURNS):
            await asyncio.sleep(_TURN_SECONDS)  # first: what the kernel has accepted becomes a connection meanwhile
            waits_for_more = turn * _TURN_SECONDS < _REQUEST_SECONDS
            if not any(one.waits or (waits_for_more and one.expects) for one in self.connections):
                break
        for connection in list(self.connections):
            connection.hang_up()
        await asyncio.sleep(0)
        self.core.off_loop.close()
        if self.core.config.unix_path is not None:
            self.core.config.unix_path.unlink(missing_ok=True)

    def admit(self, connection: Connection) -> bool:
        """Whether there is room for one more, in all and from its address; idle connections make room."""
        limit = self._limit
        connection.counted = not self.core.proxies.listed(connection.peer)
        if connection.counted and self._by_address.enter(connection.peer) is not None:
            connection.counted = False
            return False
        if len(self.connections) >= limit:
            self._make_room()
        if len(self.connections) >= limit:
            return False
        self.connections.add(connection)
        return True

    def _make_room(self) -> bool:
        """End some connections that idle, else the oldest whose requests do not become whole; whether there was one.

        Who holds every place with half requests, from many addresses, would keep all others out until each is overdue.
        """
        if self._full_since == self.tick:  # looked in vain in this second: a flood does not pay for each connection
            return False
        some = self._limit // 10 + 1
        found = [each for each in self.connections if each.state == IDLE and self.tick - each.seen > 1][:some]
        if not found:
            halves = (each for each in self.connections if each.began and self.tick - each.began > 1 and not each.waits)
            found = nsmallest(some, halves, key=attrgetter("began"))
        for ended in found:
            self.connections.discard(ended)
            ended.hang_up()
        if not found:
            self._full_since = self.tick
        return bool(found)

    def left(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        if connection.counted:
            connection.counted = False
            self._by_address.leave(connection.peer)

    def too_many(self) -> bytes:
        """Answer to a connection over the limit."""
        _log.warning("edge: %d of at most %d connections are open: one is refused", len(self.connections), self._limit)
        self.core.counts.add(RequestOutcome.TOO_MANY)
        return self.core.answers.text(503, "Too many connections\n", {"Retry-After": "5"})

    def busy(self) -> bytes:
        """What is answered where too many large answers are on their way."""
        self.core.counts.add(RequestOutcome.TOO_MANY)
        return self.core.answers.text(503, "Too many downloads at once\n", {"Retry-After": "30"})

    def failed(self, target: bytes) -> bytes:
        """The answer after a fault of ours: still a picture where one was asked for."""
        _log.exception("edge: a request failed")
        if self._wants_picture(target):
            self.core.counts.add(RequestOutcome.FAILED)
            return self.core.answers.gif("failed")
        return self.core.failed_page()

    def refused(self, refusal: RequestRefusedError, target: bytes) -> bytes:
        """The answer to an invalid request: still a pixel where one was requested, because proxies cache errors."""
        self.core.counts.add(refusal.outcome)
        if self._wants_picture(target):
            return self.core.answers.gif(refusal.outcome.value.replace("_", "-"))
        return self.core.answers.text(refusal.status, f"{refusal.status}\n")

    def _wants_picture(self, target: bytes) -> bool:
        prefix = self.core.config.prefixes.pixel.encode()
        return any(reading.prefix == prefix for reading in readings(target))

    def _store_large(self, record: bytes, waiter: Waiter) -> None:
        def done(result: Position | StorageError) -> None:
            self._from_committer([waiter], result if isinstance(result, StorageError) else None)

        self._writer.submit(record, done)

    def _from_committer(self, waiters: list[Waiter], error: StorageError | None) -> None:
        with suppress(RuntimeError):  # the loop was closed while the last batch was syncing
            self._loop.call_soon_threadsafe(self._deliver, waiters, error)

    def _deliver(self, waiters: list[Waiter], error: StorageError | None) -> None:
        self.core.counts.add(RequestOutcome.STORED if error is None else RequestOutcome.LOST, self._not_told(waiters))
        tick = self.tick
        for waiter in waiters:
            if waiter.state == HIT and error is None:
                waiter.state = IDLE
                waiter.seen = tick
                waiter.write(waiter.answer)
            else:
                waiter.deliver(error)

    def _not_told(self, waiters: list[Waiter]) -> int:
        """How many of them were not answered, and counted, before the result of the write was known."""
        if not self._given_up:
            return len(waiters)
        told = sum(isinstance(waiter, Connection) and waiter.given_up for waiter in waiters)
        self._given_up -= told
        return len(waiters) - told

    async def _every_second(self) -> float:
        self.tick += 1
        self.refresh()
        if self._writer.stalled_s > STALLED_S:
            self._serve_without_the_disk()
        for connection in [c for c in self.connections if c.overdue(self.tick)]:
            self._hang_up(connection)
        return 1.0

    def _serve_without_the_disk(self) -> None:
        """Answer the hits that wait for a disk that neither takes nor refuses them."""
        waiting = [connection for connection in self.connections if connection.state == HIT]
        for connection in waiting:
            connection.give_up()
        self.core.counts.add(RequestOutcome.LOST, len(waiting))
        self._given_up += len(waiting)

    def refresh(self) -> None:
        """Follow the clock, revocations and certificates; every second."""
        if self.core.refresh():
            self.front.forget()
        self._certificate.refresh()

    def _hang_up(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if connection.began:
            self.core.counts.add(RequestOutcome.TOO_SLOW)
            connection.hang_up(self.core.answers.text(408, "Too slow\n"))
        else:
            connection.hang_up()


class _Handshaken(Connection):
    """A connection with TLS, counted since before its handshake."""

    __slots__ = ("_release",)

    def __init__(self, edge: Edge, release: Release) -> None:
        super().__init__(edge)
        self._release = release

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone, whoever ended it."""
        self._release()
        super().connection_lost(exc)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, reuse_port=True, backlog=_BACKLOG)


def _give_way_to_the_committer() -> None:
    """This thread from now on waits for those that were there before it asked, where both want the processor."""
    if sys.platform == "linux":  # where a thread has a priority of its own
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _GIVES_WAY)


async def run_edge(
    config: EdgeConfig,
    codec: TokenCodec,
    journal: Path,
    stop: asyncio.Event,
    *,
    name: str = "edge",
    sockets: Sequence[socket.socket] = (),
    journal_max_bytes: int = DEFAULT_MAX_BYTES,
    clock: Clock | None = None,
    disk: Disk | None = None,
) -> None:
    """Serve until `stop` is set; `name` is this process's journal. On uvloop this is one whole edge process."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    raise_descriptor_limit()

    def open_journal() -> Journal:
        try:
            return JournalWriter(journal, name, max_bytes=journal_max_bytes, spare_bytes=SPARE_BYTES, disk=disk)
        except StorageError as error:  # recipients are served all the same
            _log.error("edge: the journal cannot be opened, hits are being lost: %s", error)
            return RefusingJournal(journal, name, error)

    while not stop.is_set():
        writer = open_journal()
        try:
            edge = Edge(config, codec, writer, clock)
            await edge.listen([sock.dup() for sock in sockets])
            _give_way_to_the_committer()
            gc.collect()
            gc.freeze()  # what was made for the start is not looked through again
            if isinstance(writer, RefusingJournal):
                await _until_mended(stop, open_journal)
            else:
                await stop.wait()
            await edge.close()
        finally:
            await asyncio.to_thread(writer.close)


async def _until_mended(stop: asyncio.Event, open_journal: Callable[[], Journal]) -> None:
    """Return when the journal can be opened, or at the end."""
    while not stop.is_set():
        await stopped_within(stop, _MENDED_SECONDS)
        found = await asyncio.to_thread(open_journal)
        await asyncio.to_thread(found.close)
        if isinstance(found, JournalWriter):
            return
