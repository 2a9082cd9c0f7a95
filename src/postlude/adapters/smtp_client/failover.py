"""Several mail servers as one Transport: choice of the server, limits, and fallback."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Protocol

from postlude.adapters.smtp_client.answer import ends_one_connection, over_our_limit
from postlude.adapters.smtp_client.pool import SmtpConfig, SmtpTransport
from postlude.adapters.smtp_client.rate_limits import DAY_S, Budget, Gate, RateLimits, forecast
from postlude.kit.clock import MICROS_PER_SECOND, Clock, Until
from postlude.model.answer import Answer
from postlude.model.domain_name import address_key, same_domain
from postlude.model.usage_slot import slot_of
from postlude.model.words import SendOutcome
from postlude.services.ports import AttemptStart, Forecast, Outgoing, Throttled

_PATIENCE_S: Final = 2.0  # a wait this short is not worth giving the claim back
_FLUSH_S: Final = 1.0
_FIRST_PAUSE_S: Final = 15
_LONGEST_PAUSE_S: Final = 300
_REFUSED_PAUSE_S: Final = 1800  # after the server itself reported that a daily limit is reached
_BUSY_PAUSE_S: Final = 10
_GATES: Final = 10_000
_WAY: Final = frozenset({"connect", "tls", "auth"})
_EVERY: Final = "*"

_log = logging.getLogger(__name__)


class Usage(Protocol):
    """Store of the servers' usage, for all workers and across restarts."""

    def add_usage(self, server: str, counts: Mapping[int, int], since: int) -> dict[int, int]:
        """Add copies by slot; returns the usage since slot `since`, by all workers. {} reads only."""
        ...


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """One of the servers."""

    name: str
    smtp: SmtpConfig
    limits: RateLimits = field(default_factory=RateLimits)
    domains: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    """Destination domain -> (connections, copies a second), 0: no limit; `*` applies to every other domain."""
    senders: tuple[str, ...] = ()
    """From addresses and patterns like `*@example.org` that it serves; empty: all."""
    headers: tuple[tuple[str, str], ...] = ()
    """Fields added to every copy that has none of that name."""


class _Server:
    def __init__(self, config: ServerConfig) -> None:
        self.config: Final = config
        self.transport: Final = SmtpTransport(config.smtp)
        self.budget: Final = Budget(config.name, config.limits)
        self._down = Until()
        self.why_down = ""
        self.unsaved: dict[int, int] = {}
        self._failures = 0
        self._gates: dict[str, Gate] = {}
        self._fields = tuple((f"{name}: {value}\r\n".encode(), name.lower().encode()) for name, value in config.headers)

    def is_for(self, sender: str) -> bool:
        patterns = self.config.senders
        return not patterns or any(fnmatchcase(address_key(sender), address_key(pattern)) for pattern in patterns)

    def failed(self, now: int, why: str, seconds: int = 0) -> None:
        """Do not use it for a time: growing pauses while it cannot be reached."""
        self._failures += not seconds
        pause = seconds or min(_FIRST_PAUSE_S << (self._failures - 1), _LONGEST_PAUSE_S)
        self._down.extend(now, now + pause * MICROS_PER_SECOND)
        self.why_down = why

    def works(self) -> None:
        self._failures = 0
        self._down.clear()

    def down_until(self, now: int) -> int:
        """When it may be asked again; `now` or earlier when it may."""
        return self._down.at(now)

    def dressed(self, copy: Outgoing) -> Outgoing:
        """With this provider's own header fields."""
        if not self._fields:
            return copy
        end = copy.data.find(b"\r\n\r\n")
        head = b"\n" + copy.data[: max(end, 0)].lower()
        more = b"".join(line for line, name in self._fields if b"\n" + name + b":" not in head)
        return Outgoing(
            copy.mail_from, copy.rcpt_to, more + copy.data, copy.envid, copy.sender, copy.notify, copy.orcpt, copy.ret
        )

    def gate(self, address: str, now: int) -> Gate | None:
        """The destination's gate, None when nothing limits it."""
        domains = self.config.domains
        if not domains:
            return None
        domain = same_domain(address.rpartition("@")[2])
        limit = domains.get(domain) or domains.get(_EVERY)
        if limit is None:
            return None
        if len(self._gates) > _GATES:
            self._gates = {name: gate for name, gate in self._gates.items() if not gate.idle(now)}
        return self._gates.setdefault(domain, Gate(*limit))


class SmtpServers:
    """The Transport for all mail sent by SMTP. Belongs to the event loop that uses it.

    A copy goes to the first server in the list that serves the sender, can be reached and is below its limits; the
    others are the fallback. A copy that a reachable server refused is not offered to another one. A copy that may have
    been accepted is never offered twice.
    """

    def __init__(self, servers: Sequence[ServerConfig], clock: Clock, usage: Usage | None = None) -> None:
        self._servers = [_Server(config) for config in servers]
        self._clock = clock
        self._usage = usage
        self._flushing: asyncio.Task[None] | None = None
        self._loaded = usage is None or not any(server.config.limits.counted for server in self._servers)
        self._loading = asyncio.Lock()

    @property
    def concurrency(self) -> int:
        """One a connection of any server."""
        return sum(server.transport.concurrency for server in self._servers)

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer | Throttled:
        """One attempt, at the first server that may; see `services.ports.Transport`."""
        if not self._loaded:
            await self._load()
        answer: Answer | None = None
        held: Throttled | None = None
        for server in self._servers:
            if not server.is_for(copy.sender or copy.mail_from):
                continue
            reported = await self._through(server, copy, start)
            if isinstance(reported, Answer) and ends_one_connection(reported):
                # One process of the server ends; another connection may go on. Twice is what the server wants.
                reported = await self._through(server, copy, start)
            if isinstance(reported, Throttled):
                held = min(held or reported, reported)
            elif self._is_final(server, reported):
                return reported
            else:
                answer = reported
        if answer is not None:
            return answer
        if held is not None:
            return held
        text = f"no mail server is set up for the sender {copy.sender or copy.mail_from}; add it to one's `senders`"
        return Answer(SendOutcome.DEFERRED, text=text, phase="connect")

    async def _through(self, server: _Server, copy: Outgoing, start: AttemptStart) -> Answer | Throttled:
        """One server's answer, or why it may not be asked now."""
        now = self._clock.now()
        patience = now + int(_PATIENCE_S * MICROS_PER_SECOND)
        if (until := server.down_until(now)) > now:
            return Throttled(until, server.why_down)
        slot = server.budget.next(now)
        if slot.at > patience:
            return Throttled(slot.at, slot.why)
        gate = server.gate(copy.rcpt_to, now)
        if gate is None:
            return await self._paced(server, copy, start, None)
        domain = same_domain(copy.rcpt_to.rpartition("@")[2])
        if (at := gate.next(now)) > patience:
            return Throttled(at, f"{server.config.name} sends to {domain} at the rate that is set for it")
        gate.users += 1
        try:
            if not await gate.enter(_PATIENCE_S):
                until = now + 5 * MICROS_PER_SECOND
                return Throttled(until, f"every connection that {server.config.name} may have to {domain} is in use")
            try:
                return await self._paced(server, copy, start, gate)
            finally:
                gate.leave()
        finally:
            gate.users -= 1

    async def _paced(self, server: _Server, copy: Outgoing, start: AttemptStart, gate: Gate | None) -> Answer:
        now = self._clock.now()
        at = server.budget.take(now)
        if gate is not None:
            at = max(at, gate.take(now))
        self._count(server, slot_of(now), 1)
        if at > now:
            await asyncio.sleep((at - now) / MICROS_PER_SECOND)
        answer = await server.transport.send(server.dressed(copy), start)
        if answer.phase in _WAY:
            server.budget.refund(slot_of(now))
            self._count(server, slot_of(now), -1)
        return answer

    def _is_final(self, server: _Server, answer: Answer) -> bool:
        """Whether this answer is the copy's; otherwise the server could not take anything and the next one is asked."""
        now = self._clock.now()
        if answer.phase in _WAY:
            server.failed(now, f"{server.config.name} cannot be used: {answer.text}")
            return False
        if answer.outcome is SendOutcome.DEFERRED and (kind := over_our_limit(answer)):
            pause = _REFUSED_PAUSE_S if kind == "day" else _BUSY_PAUSE_S
            server.failed(now, f"{server.config.name} says: {answer.code} {answer.text}", pause)
            return False
        server.works()
        return True

    def wait_s(self) -> float:
        """Until the first server may take something."""
        now = self._clock.now()
        at = min(max(server.down_until(now), server.budget.next(now).at) for server in self._servers)
        wait = (at - now) / MICROS_PER_SECOND
        return wait if wait > _PATIENCE_S else 0.0

    def forecast(self, copies: int) -> Forecast:
        """Forecast under the limits of all servers. Reads the stored usage if it was not read yet."""
        if not self._loaded:
            for server in self._servers:
                server.budget.set_used(self._kept(server, {}))
            self._loaded = True
        return Forecast(*forecast([server.budget for server in self._servers], copies, self._clock.now()))

    async def close(self) -> None:
        """Close connections; the usage is stored."""
        if self._flushing is not None:
            self._flushing.cancel()
            await asyncio.gather(self._flushing, return_exceptions=True)
        await self._save()
        await asyncio.gather(*(server.transport.close() for server in self._servers))

    def _count(self, server: _Server, slot: int, copies: int) -> None:
        if self._usage is None or not server.config.limits.counted:
            return
        server.unsaved[slot] = server.unsaved.get(slot, 0) + copies
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._save_soon(), name="keep what was sent")

    async def _save_soon(self) -> None:
        await asyncio.sleep(_FLUSH_S)
        await self._save()

    async def _load(self) -> None:
        async with self._loading:
            if not self._loaded:
                await self._save(everything=True)
                self._loaded = True

    async def _save(self, *, everything: bool = False) -> None:
        """Store its own usage and read that of other workers."""
        if self._usage is None:
            return
        for server in self._servers:
            if not (everything or server.unsaved) or not server.config.limits.counted:
                continue
            counts, server.unsaved = server.unsaved, {}
            try:
                total = await asyncio.to_thread(self._kept, server, counts)
            except Exception:  # noqa: BLE001 - sending continues with this process's own counts
                _log.exception("the usage of mail server %s cannot be stored", server.config.name)
                for slot, number in server.unsaved.items():
                    counts[slot] = counts.get(slot, 0) + number
                server.unsaved = counts
                continue
            for slot, number in server.unsaved.items():  # counted while it was being saved
                total[slot] = total.get(slot, 0) + number
            server.budget.set_used(total)

    def _kept(self, server: _Server, counts: Mapping[int, int]) -> dict[int, int]:
        """Add to the stored usage; returns that of all workers within the longest window."""
        if self._usage is None or not server.config.limits.counted:
            return {}
        since = slot_of(self._clock.now() - (DAY_S + 3600) * MICROS_PER_SECOND)
        return self._usage.add_usage(server.config.name, counts, since)
