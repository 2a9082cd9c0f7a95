"""The processes, composed as the program composes them, on a virtual loop and disk; each can be killed at any step."""

import asyncio
import dataclasses
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

from postlude.app.build.common import Parts
from postlude.app.build.digest import build_digest
from postlude.app.build.sending import build_sender, build_tracker
from postlude.edge import AddressForm, Edge, EdgeConfig
from postlude.journal import JournalWriter, RefusingJournal
from postlude.model.errors import StorageError
from postlude.model.words import Via
from postlude.services.change_feed import Changes
from postlude.services.messages.accept import NewMessage, accept
from postlude.services.messages.retry import RetrySchedule
from postlude.services.reports.messages import Reports
from postlude.worker import Worker
from simulation.clock import MICROS, SkewedClock, VirtualClock
from simulation.committer import VirtualCommitter
from simulation.disk import Platter, SimulatedDisk
from simulation.faults import Faults
from simulation.loop import VirtualLoop
from simulation.next_server import Line, NextServer
from simulation.stores import SimulatedHistory, copy_database, count_rows, remove_database, simulated_store

SEGMENT_BYTES: Final = 6_000  # so that segments end all the time
_DIGEST_SECONDS: Final = (0.001, 0.05, 1.0)  # between two turns of the digest
_IDLE_SECONDS: Final = (
    0.05,
    1.0,
    5.0,
    15.0,
)  # when the last one found nothing, and waited half a second
_UNDER_WAY: Final = ("queued", "claimed", "sending", "deferred")
_RETRY: Final = RetrySchedule(pauses_s=(20, 60), give_up_s=200)


class Machine:
    """What outlives the processes: files, time, chance, and the log of what happened."""

    def __init__(self, parts: Parts, clock: VirtualClock, chance: Random, say: Callable[[str], None]) -> None:
        self.parts: Final = parts
        self.root: Final = parts.folder.root
        self.clock: Final = clock
        self.chance: Final = chance
        self.say: Final = say
        self.platter: Final = Platter(chance)


class Process:
    """One process. `start` makes a new one, with nothing but the files of the one before."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.machine = machine
        self.name = name
        self.up = False
        self.lost = 0
        """Records that were reported lost, by those that ended."""
        self.restart_at = 0
        self._writer: JournalWriter | None = None
        self._anew()

    def _anew(self) -> None:
        self.faults = Faults(lambda text: self.machine.say(f"  {self.name}: {text}"))
        self.loop = VirtualLoop(self.machine.clock, self.machine.chance)  # type: ignore[abstract]  # no sockets, signals, pipes
        self.disk = SimulatedDisk(self.faults, self.machine.platter, self.machine.chance)

    def start(self) -> None:
        """Raises what the process would end with."""
        self._anew()
        self.up = True
        self.loop.within(self._compose)

    def _compose(self) -> None: ...

    def open_journal(self) -> JournalWriter:
        """The process's own journal."""
        machine = self.machine
        self._writer = JournalWriter(
            machine.parts.folder.journal,
            self.name,
            segment_bytes=SEGMENT_BYTES,
            disk=self.disk,
            clock=machine.clock,
            committer=VirtualCommitter(self.loop, machine.chance),
        )
        machine.platter.recovered(machine.parts.folder.journal / self.name)
        return self._writer

    @property
    def lost_so_far(self) -> int:
        """Records reported lost since the process was started."""
        return self._writer.stats.lost if self._writer is not None else 0

    def bury(self) -> None:
        """After `faults.kill`: what the kernel does, and what nobody sees any more."""
        self.up = False
        self.lost += self.lost_so_far
        self.loop.drop()
        self.disk.close_all()
        if self._writer is not None:
            os.close(self._writer._lock_fd)
            self._writer._mark.close()
        self._writer = None

    async def end(self) -> None:
        """What an orderly stop waits for."""

    def close(self) -> None:
        """The rest of an orderly stop."""
        self.up = False
        if self._writer is not None:
            self._writer.close()
            self.lost += self.lost_so_far
        self._writer = None


class EdgeProcess(Process):
    """An edge; its clock may be wrong."""

    def __init__(self, machine: Machine, name: str, ahead: int) -> None:
        super().__init__(machine, name)
        self.clock = SkewedClock(machine.clock, ahead)
        self.journal: JournalWriter | RefusingJournal | None = None

    def _compose(self) -> None:
        self.journal = None
        config = EdgeConfig(address_form=AddressForm.FULL, revoked=self.machine.parts.folder.revoked)
        try:
            self.journal = self.open_journal()
        except StorageError as error:  # as run_edge does
            self.journal = RefusingJournal(self.machine.parts.folder.journal, self.name, error)
            self.restart_at = self.machine.clock.now() + 2 * MICROS
        self.edge = Edge(config, self.machine.parts.codec, self.journal, self.clock)

    @property
    def lost_so_far(self) -> int:
        """Records reported lost since the process was started."""
        return self.journal.stats.lost if self.journal is not None else 0

    @property
    def refuses(self) -> bool:
        """It runs without its journal and wants to be made anew."""
        return isinstance(self.journal, RefusingJournal)

    def tick(self) -> None:
        """What the edge does every second."""
        self.edge.tick += 1
        self.edge.refresh()

    async def end(self) -> None:
        """Answer what waits."""
        await self.edge.close()


class MailProcess(Process):
    """Takes messages in."""

    def _compose(self) -> None:
        self.spool = self.machine.parts.folder.outgoing_mail(self.disk)
        self._journal = self.open_journal()

    def accept(self, user: int, recipients: Sequence[str], raw: bytes) -> "asyncio.Task[int]":
        """The id of the message once it is durable."""
        taking = accept(
            self._journal.append,
            self.spool,
            self.machine.clock,
            NewMessage(user=user, via=Via.RELAY, mail_from="alice@example.org", recipients=recipients, raw=raw),
        )
        return self.loop.create_task(taking)


class _OneTurn(threading.Event):
    """Stops the digest after one turn, and never waits."""

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0

    def is_set(self) -> bool:
        self._asked += 1
        return self._asked > 1

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the standard library's signature
        return False


class AppProcess(Process):
    """Digest, both stores and the sender of single mails."""

    starved = False
    """Whether the digest, once it had something to do, gets no further turn until the process is started anew."""

    def __init__(self, machine: Machine, server: NextServer) -> None:
        self._server = server
        self._number = 0
        self._backup: Path | None = None
        super().__init__(machine, "app")

    @property
    def state_path(self) -> Path:
        """The state's file of this start."""
        return self.machine.root / f"state-{self._number}.sqlite"

    @property
    def history_path(self) -> Path:
        """The history's."""
        return self.machine.root / f"history-{self._number}.duckdb"

    def _compose(self) -> None:
        machine, parts = self.machine, self.machine.parts
        self.faults.before_death = self._keep_files
        self.store = simulated_store(self.state_path, self.faults)
        self.history = SimulatedHistory(self.history_path, self.faults)
        journal = self.open_journal()
        spool_out, spool_in = parts.folder.outgoing_mail(self.disk), parts.folder.returned_mail(self.disk)
        self.changes, tracker = Changes(), build_tracker(parts)
        self.digest = build_digest(
            parts, self.store, self.history, self.changes, tracker=tracker, spool_out=spool_out, spool_in=spool_in
        )
        self.reports = Reports(self.store, self.history)
        sender = build_sender(
            parts,
            self.store,
            tracker=tracker,
            spool=spool_out,
            append=journal.append,
            transport=Line(self._server, self.faults, machine.clock),
            digested=self._caught_up,
        )
        self._started_at = machine.clock.now()
        self.starved = False
        self._stop, self._wake = asyncio.Event(), asyncio.Event()
        self.worker = self.loop.create_task(
            Worker(dataclasses.replace(sender, retry=_RETRY)).run(self._stop, self._wake)
        )
        self.loop.call_later(0, self._turn)

    def back_up_journal(self) -> None:
        """Copy the journal of this process, whatever it is doing, unless there is a copy."""
        if self._backup is None:
            self._backup = self.machine.root / "backup"
            shutil.copytree(self._journal_folder, self._backup)

    def put_back_journal(self) -> None:
        """Once it is dead: the journal is what it was when it was copied, and the copy is gone."""
        if self._backup is not None:
            shutil.rmtree(self._journal_folder)
            shutil.copytree(self._backup, self._journal_folder)
            shutil.rmtree(self._backup)
            self._backup = None
            self.machine.platter.replaced(self._journal_folder)

    @property
    def _journal_folder(self) -> Path:
        return self.machine.parts.folder.journal / self.name

    def under_way(self) -> int:
        """How many copies have no outcome yet."""
        return count_rows(self.state_path, f"copies WHERE status IN {_UNDER_WAY}")

    async def _caught_up(self, _journal: str) -> bool:
        while self.digest.state.idle_at <= self._started_at:  # noqa: ASYNC110 - as the app does
            await asyncio.sleep(0.05)
        return True

    def _turn(self) -> None:
        before = self.digest.state.records
        self.digest.run(_OneTurn())
        idle = self.digest.state.records == before
        if not idle:
            self._wake.set()
        if self.starved and not idle:  # it gets no turn any more
            return
        pause = self.machine.chance.choice(_IDLE_SECONDS if idle else _DIGEST_SECONDS)
        self.loop.call_later(pause, self._turn)

    def _keep_files(self) -> None:
        """The files at the moment of death, for the next start: what this one still does to its own is not seen."""
        number = self._number + 1
        copy_database(self.state_path, self.machine.root / f"state-{number}.sqlite")
        copy_database(self.history_path, self.machine.root / f"history-{number}.duckdb")

    def bury(self) -> None:
        super().bury()
        self._let_go()
        remove_database(self.state_path)
        remove_database(self.history_path)
        self._number += 1

    async def end(self) -> None:
        """Send what was begun."""
        self._stop.set()
        self._wake.set()
        await self.worker

    def close(self) -> None:
        super().close()
        self._let_go()

    def _let_go(self) -> None:
        for part in ("store", "history"):
            if hasattr(self, part):
                getattr(self, part).close()
                delattr(self, part)
