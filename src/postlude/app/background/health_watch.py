"""Looks at everything that must go on, every few seconds; what it saw is what every page and command shows.

Asking is cheap and never waits: what is looked at may hang. A look that has lasted too long is a problem itself.
"""

import asyncio
import logging
import shutil
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, Self

from msgspec.structs import replace

from postlude.adapters.edge_health import EdgeWatch
from postlude.app.build.common import Parts, build_quotas
from postlude.app.build.list_health import check_lists
from postlude.app.processes.reports import ask_supervisor
from postlude.app.processes.sockets import ENDPOINTS
from postlude.journal import journal_alarms, spool_problem
from postlude.kit.loop import ThreadLoop, Troubled
from postlude.kit.patient_output import STDERR
from postlude.model.errors import InUseError, StorageError
from postlude.services.health import (
    STALE_S,
    CheckResult,
    Health,
    of_children,
    of_digest,
    of_disk,
    trouble,
)
from postlude.services.state_health import of_state
from postlude.store import Store

_EVERY_S: Final = 5.0
_PATIENCE_S: Final = 3.0
_READY: Final = b"220"
_SMTP: Final = {
    "relay": "mail clients and programs cannot hand in mail",
    "inbound": "bounces and replies do not come in; other servers keep them for days",
}

_log: Final = logging.getLogger("postlude.app")


class RecordsBehind(Protocol):
    """How far the digest is behind."""

    def __call__(self) -> int:
        """Journal records that wait."""
        ...


class MailboxProblems(Protocol):
    """What is wrong with the mailboxes that are read."""

    def __call__(self) -> Iterable[str]:
        """One sentence for every folder that cannot be read."""
        ...


class WatchedLoop(NamedTuple):
    """A background part, and what its problems are shown under."""

    name: str
    loop: Troubled


@dataclass
class Running:
    """What the app has opened and started so far."""

    store: Store | None = None
    digest: Troubled | None = None
    behind: RecordsBehind = int
    loops: list[WatchedLoop] = field(default_factory=list)
    mailboxes: MailboxProblems = tuple
    opening: Troubled | None = None
    """Why the store is not open yet."""

    def let_go(self) -> None:
        """All of it has ended. A look that still hangs keeps none of it in memory."""
        self.store = self.digest = self.opening = None
        self.behind, self.mailboxes, self.loops = int, tuple, []


class HealthWatch:
    """An async context: inside it the system is looked at. `supervised`: `postlude up` started the other processes."""

    def __init__(self, parts: Parts, *, supervised: bool) -> None:
        self._parts: Final = parts
        self._supervised: Final = supervised
        self.running: Final = Running()
        self._edge: Final = EdgeWatch(parts.settings.local_edge)
        self._stop: Final = threading.Event()
        self._around: list[CheckResult] = []
        self._stored: list[CheckResult] = []
        patience = {"patience_s": STALE_S, "expected": (StorageError, InUseError, OSError)}
        self._loops: Final = [
            ThreadLoop("health", self._look_around, problem="this machine is slow to answer", **patience),  # type: ignore[arg-type]
            ThreadLoop("health of the database", self._look_into_the_store, problem="the database", **patience),  # type: ignore[arg-type]
        ]
        self._threads: Final = [
            threading.Thread(target=loop.run, args=(self._stop,), name=loop.name, daemon=True) for loop in self._loops
        ]

    async def __aenter__(self) -> Self:
        """Begin to look."""
        for thread in self._threads:
            thread.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Look no longer. What hangs is not waited for."""
        self._stop.set()
        await asyncio.gather(*(asyncio.to_thread(thread.join, _PATIENCE_S) for thread in self._threads))

    def health(self) -> Health:
        """What was seen last."""
        settings, running = self._parts.settings, self.running
        shown = ENDPOINTS if self._supervised else ("web",)
        places = {name: settings.listens(name) for name in shown}
        return Health(
            listening=tuple((name, str(place)) for name, place in places.items()),
            lost=self._edge.lost,
            behind=running.behind(),
            checks=(*self._of_loops(), *self._of_store(), *self._around, *self._hanging(self._loops[0])),
        )

    def _of_loops(self) -> list[CheckResult]:
        running = self.running
        found = [of_digest(running.digest.problem, running.behind())] if running.digest else []
        for name, loop in running.loops:
            found += trouble(name, filter(None, [loop.problem]))
        return found + [CheckResult("mailbox", "problem", text) for text in running.mailboxes()]

    def _of_store(self) -> list[CheckResult]:
        if self.running.store is None:
            opening = self.running.opening
            why = (opening.problem if opening else "") or "the stores are being opened"
            return [CheckResult("database", "problem", why)]
        return [*(self._hanging(self._loops[1]) or trouble("database", (), "answers")), *self._stored]

    def _hanging(self, loop: ThreadLoop) -> list[CheckResult]:
        return (
            [CheckResult("database" if loop is self._loops[1] else "looks", "problem", loop.problem)]
            if loop.problem
            else []
        )

    def _look_into_the_store(self) -> float:
        store = self.running.store
        if store is None:
            return 1.0
        self._stored = of_state(store, self._parts.clock)
        return _EVERY_S

    def _look_around(self) -> float:
        self._around = look_around(self._parts, self._edge, supervised=self._supervised, own="app")
        return _EVERY_S


def look_around(parts: Parts, edge: EdgeWatch, *, supervised: bool, own: str = "") -> list[CheckResult]:
    """The disk, the servers and the processes; waits for some seconds for each that does not answer.

    `own` is the process that asks: what it says of itself it knows better.
    """
    edge.look()
    root, free = parts.folder.root, shutil.disk_usage(parts.folder.root).free
    found = of_disk(str(root), free, journal_alarms(parts.folder.journal, parts.settings.journal_max_bytes), edge.lost)
    found += trouble("log", filter(None, [STDERR.problem]), "is written")
    found += trouble("data folder", parts.folder.problems(), "every file and folder can be read")
    found += trouble("stored mail", filter(None, (spool_problem(*one) for one in parts.folder.spools)), "is there")
    found += trouble("signing", parts.dkim.problems(), "every domain has its keys")
    found += trouble("sessions", filter(None, [parts.folder.session_problem()]), "the key can be read")
    found += trouble("quotas", build_quotas(parts).problems(), "what logins submitted is counted")
    found += trouble("edge", edge.problems, "answers")
    for name, meaning in _SMTP.items():
        if supervised or (parts.folder.journal / name).exists():
            found += trouble(name, filter(None, [_smtp_problem(parts, name, meaning)]), "answers")
    found += [check_lists(parts.folder.networks, parts.clock.now())]
    return found + (_processes(parts, own) if supervised else [])


def _processes(parts: Parts, own: str) -> list[CheckResult]:
    try:
        reports = ask_supervisor(parts.folder.root)
    except (OSError, ValueError):
        text = "`postlude up` does not answer: nothing is started again. Kill it, and start it again"
        return [CheckResult("processes", "problem", text)]
    if reports is None:
        text = "`postlude up` has ended: what ends now is not started again. Start it; it takes over what runs"
        return [CheckResult("processes", "problem", text)]
    return of_children([replace(one, problem="") if one.name == own else one for one in reports])


def _smtp_problem(parts: Parts, name: str, meaning: str) -> str:
    """Empty when the server greets."""
    host, port = parts.settings.listens(name)
    try:
        with socket.create_connection((_reachable(host), port), timeout=_PATIENCE_S) as sock:
            reported = sock.recv(512)
            sock.sendall(b"QUIT\r\n")
    except OSError as error:
        why = "is silent" if isinstance(error, TimeoutError) else "does not answer"
    else:
        if reported.startswith(_READY):
            return ""
        why = f"answers {reported[:3].decode('ascii', 'replace')}" if reported else "hangs up"
    return f"the {name} server {why} at {host}:{port}: {meaning}. See the log of `postlude {name}`"


def _reachable(host: str) -> str:
    """Where a server that listens everywhere answers on this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
