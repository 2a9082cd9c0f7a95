"""All processes of one machine on one clock: whoever has something to do first runs first."""

from collections.abc import Callable
from random import Random
from typing import Final

from postlude.app.build.common import Parts
from postlude.model.errors import PostludeError
from simulation.clock import MICROS, START, VirtualClock
from simulation.faults import KilledError
from simulation.model import Model
from simulation.next_server import NextServer
from simulation.processes import AppProcess, EdgeProcess, Machine, MailProcess, Process

_RESTART: Final = (MICROS // 10, 1 * MICROS, 1 * MICROS, 90 * MICROS)  # until somebody or something starts it again
_TICK: Final = 1 * MICROS
_STEP: Final = 5 * MICROS
_ENDS_WITHIN: Final = 30 * MICROS
_SETTLED_WITHIN: Final = 3_600 * MICROS


class World:
    """The processes, and what befalls them."""

    def __init__(self, parts: Parts, clock: VirtualClock, seed: int) -> None:
        self.log: Final[list[str]] = []
        self.clock: Final = clock
        self.model: Final = Model()
        self.seed: Final = seed
        chance = Random(f"machine {seed}")
        self.machine: Final = Machine(parts, clock, chance, self.say)
        self.server: Final = NextServer(Random(f"server {seed}"))
        skews = (0, chance.choice((0, 0, -90 * MICROS, 2 * MICROS)))
        self.edges: Final = [EdgeProcess(self.machine, f"edge-{i + 1}", ahead) for i, ahead in enumerate(skews)]
        self.mail: Final = MailProcess(self.machine, "mail")
        self.app: Final = AppProcess(self.machine, self.server)
        self.processes: Final[list[Process]] = [*self.edges, self.mail, self.app]
        self._running: list[Process] = []
        self._ticked = clock.now()

    def say(self, text: str) -> None:
        """One line of the log."""
        self.log.append(f"{(self.clock.now() - START) / MICROS:12.6f} {text}")

    def sleep(self, seconds: float) -> None:
        """A process waits, and the others go on; as `time.sleep`."""
        self.advance(max(1, round(seconds * MICROS)))
        if self._running:
            self._running[-1].faults.check_alive("waking up")

    def advance(self, micros: int) -> None:
        """Let time pass."""
        until = self.clock.now() + micros
        while True:
            self._restart()
            waiting = [(due, i) for i, process in enumerate(self.processes) if (due := self._due(process)) is not None]
            at, number = min(waiting, default=(until + 1, 0))
            if at > until:
                self.clock.micros = max(self.clock.now(), until)
                return
            self.clock.micros = max(self.clock.now(), at)
            self._tick()
            process = self.processes[number]
            self.run(process, process.loop.run_due)

    def _due(self, process: Process) -> int | None:
        if process in self._running:
            return None
        return process.loop.due() if process.up else process.restart_at

    def _tick(self) -> None:
        if self.clock.now() - self._ticked >= _TICK:
            self._ticked = self.clock.now()
            for edge in self.edges:
                if edge.up:
                    edge.tick()

    def run(self, process: Process, work: Callable[[], object]) -> None:
        """Have a process do something; it may die of it."""
        self._running.append(process)
        try:
            work()
        except KilledError:
            pass
        finally:
            self._running.pop()
        if process.faults.dead:
            self._died(process)

    def kill(self, process: Process) -> None:
        """Now."""
        process.faults.kill()
        self._died(process)

    def cut_power(self) -> None:
        """Every process dies at this moment, and of the files only what was synced is certain."""
        self.say("POWER CUT")
        for process in self.processes:
            if process.up:
                process.faults.kill()
        self.machine.platter.cut_power()
        for process in self.processes:
            if process.up and process not in self._running:
                self._bury(process)

    def _died(self, process: Process) -> None:
        if process.faults.takes_all:
            process.faults.takes_all = False
            self.cut_power()
        if process.up:
            self._bury(process)

    def _bury(self, process: Process) -> None:
        self.model.deaths[process.name] += 1
        self.ended(process)
        process.bury()
        process.restart_at = self.clock.now() + self.machine.chance.choice(_RESTART)

    def stop(self, process: Process) -> None:
        """End it in order; it may die of that as well."""
        if not process.up:
            return
        faults, ending = process.faults, process.loop.create_task(process.end())
        until = self.clock.now() + _ENDS_WITHIN
        while not ending.done() and self.clock.now() < until:
            self.advance(MICROS // 10)
        if faults.dead:
            return
        if not ending.done():
            self.model.wrong.append(f"{process.name} does not end within 30 seconds")
        self.ended(process)
        self.run(process, process.close)
        process.restart_at = self.clock.now() + self.machine.chance.choice(_RESTART)

    def ended(self, process: Process) -> None:
        """Keep what only the process itself knew."""
        self.model.refusals[process.name] += process.faults.refusals
        process.faults.refusals = 0
        self.model.wrong += [f"{process.name}: {failure}" for failure in process.loop.failures]
        process.loop.failures.clear()

    def _restart(self) -> None:
        for process in self.processes:
            if not process.up and process not in self._running and process.restart_at <= self.clock.now():
                self.start(process)

    def start(self, process: Process) -> None:
        """Start it; what it ends with is said, and it is started again later."""

        def begin() -> None:
            try:
                process.start()
            except PostludeError as error:
                self.say(f"{process.name}: cannot start: {error}")
                process.faults.kill()

        self.say(f"{process.name} starts")
        self.run(process, begin)

    def settle(self) -> None:
        """No fault any more: wait until nothing is left to do."""
        self.say("SETTLE")
        self.server.temper = 0.0
        for process in self.processes:
            process.faults.mend()
        until = self.clock.now() + _SETTLED_WITHIN
        calm_since = 0
        while not calm_since or self.app.digest.state.idle_at <= calm_since:
            if self.clock.now() > until:
                self.model.wrong.append(f"nothing ends: {self.unsettled()}")
                return
            if self.app.up and (pause := self.app.store.integrity.sending_pause()):
                self.model.wrong.append(f"sending is paused: {', '.join(pause.reasons)}")
                return
            self.advance(_STEP)
            for process in self.processes:
                process.faults.mend()
            calm_since = 0 if self.unsettled() else calm_since or self.clock.now()

    def unsettled(self) -> str:
        """What is still to be done."""
        if down := [process.name for process in self.processes if not process.up]:
            return f"{down} do not run"
        for edge in self.edges:
            if edge.refuses:
                self.stop(edge)
                return f"{edge.name} has no journal"
        if any(one.waits for edge in self.edges for one in edge.edge.connections):
            return "requests wait"
        if self.app.digest.problem:
            return self.app.digest.problem
        waiting = self.app.under_way()
        return f"{waiting} copies have no outcome" if waiting else ""
