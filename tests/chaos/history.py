"""A random history of one data folder, and the model it is compared with.

The model knows what was promised: mail that was answered with 250, hits that were answered. At the end each of them is
there once, or somebody was told that something is missing. Nothing is sent twice unless a person said go on.
"""

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from chaos.faults import FAULTS, WITH_CLOCK, jump, remove
from chaos.node import DATABASE, run_node, settings_of
from postlude.app.commands.doctor import examine_folder, repair_folder
from postlude.app.data_folder import DataFolder
from postlude.history import open_history
from postlude.journal import spool_problem
from postlude.model.words import CampaignStatus, CopyStatus, EventKind
from postlude.services.integrity.sending_pause import resume_sending
from postlude.store import open_store
from servers.postgresql import Postgresql

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_FORK: Final = multiprocessing.get_context("fork")
_SILENT: Final = 120.0
_VISIBLE: Final = {CopyStatus.INDETERMINATE.value, CopyStatus.REJECTED.value, CopyStatus.EXPIRED.value}
_PROBLEMS: Final = 10
_PATIENCE: Final = 3.0
_TRIES: Final = 4
_ELSEWHERE: Final = 2
_SOME: Final = 5
_OFTEN, _SELDOM = 0.5, 0.2


@dataclass
class Verdict:
    """What became of one history."""

    seed: int
    steps: list[str] = field(default_factory=list)
    accepted: int = 0
    answered: int = 0
    mail_missing: int = 0
    mail_twice: int = 0
    mail_twice_after_asking: int = 0
    hits_missing: int = 0
    hits_twice: int = 0
    told: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What must not be; empty when all is as promised."""


class Driver:
    """One data folder, the process on it, and what it promised.

    Not `plain`: there are campaigns and a clock that is set while it runs and while it does not, and a third of the
    histories has its state in PostgreSQL, which is away now and then.
    """

    def __init__(self, folder: Path, seed: int, *, small_disk: bool = False, plain: bool = False) -> None:
        self._chance = random.Random(seed)
        self._plain = plain
        self._faults = FAULTS if plain else WITH_CLOCK
        elsewhere = not (plain or small_disk) and seed % _ELSEWHERE == 0 and Postgresql.installed()
        self._database = Postgresql() if elsewhere else None
        self._data, self._outside = folder / "data", folder / "outside"
        self._folder, self._small_disk = folder, small_disk
        self._snapshots: list[Path] = []
        self._keys = b""
        self._whole: tuple[Path, Path] | None = None
        self._process: Any = None
        self._pipe: Connection | None = None
        self._accepted: list[str] = []
        self._answered: Counter[int] = Counter()
        self._before_asking: Counter[str] | None = None
        self._numbers = self._problems = 0
        self.verdict = Verdict(seed)

    def run(self, rounds: int) -> Verdict:
        """Rounds of work, an end, and something that happens meanwhile; then a look at what is left."""
        self._data.mkdir(parents=True, exist_ok=True)
        if self._database is None:
            return self._run(rounds)
        self._database.start()
        try:
            (self._folder / DATABASE).write_text(self._database.create())
            return self._run(rounds)
        finally:
            self._database.close()

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self._data

    def use_and_kill(self) -> None:
        """Work, all of it digested and not, and a kill."""
        self._data.mkdir(parents=True, exist_ok=True)
        self._start()
        self._work()
        self._ask("settle")
        until = time.monotonic() + _SILENT
        while len(self._sent()) < min(_SOME, len(self._accepted)) and time.monotonic() < until:
            time.sleep(0.1)
        self._work()
        self._kill()
        self._keys = (self._data / "keys.json").read_bytes()

    def copy_to(self, folder: Path) -> "Driver":
        """The same, killed, in another folder."""
        mine = Driver(folder, self.verdict.seed, plain=True)
        shutil.copytree(self._data, mine._data, ignore=shutil.ignore_patterns("*.sock"))
        if self._outside.exists():
            shutil.copy2(self._outside, mine._outside)
        mine._accepted, mine._answered = list(self._accepted), self._answered.copy()
        mine._keys, mine._numbers = self._keys, self._numbers
        return mine

    def go_on(self, unreadable: tuple[Path, Path] | None = None) -> Verdict:
        """Start, work, and look at what is left. `unreadable`: a path, and what makes it readable again."""
        self._whole = unreadable
        self._start()
        self._go_on_if_paused()
        self._work()
        return self._look_back()

    def _look_back(self) -> Verdict:
        self._settle()
        self._await_sending()
        self._stop()
        self._mend_the_history()
        self._classify()
        return self.verdict

    def _run(self, rounds: int) -> Verdict:
        self._start()
        for _ in range(rounds):
            self._work()
            self._end()
            self._snapshot()
            what = self._chance.choice(self._faults)(self._chance, self._data, self._snapshots)
            self.verdict.steps.append(what)
            if self._database is not None and what.startswith("put back state"):
                self._put_back_database(self._snapshots[int(what.rpartition("-")[2])])
            self._start()
            self._go_on_if_paused()
        self._work()
        return self._look_back()

    def _work(self) -> None:
        if not self._plain:
            self._disturb()
        for _ in range(self._chance.randint(3, 25)):
            if self._chance.random() < 0.4 or not (sent := self._sent()):
                self._numbers += 1
                address = f"r{self._numbers}@example.net"
                if self._ask("mail", address)[0] == "accepted":
                    self._accepted.append(address)
            else:
                _, kind, scope, copy = self._chance.choice(sent)
                if copy and self._ask("hit", kind, scope, copy)[0] == "answered":
                    self._answered[copy] += 1
        if self._small_disk and self._chance.random() < 0.3:
            self._fill_the_disk()

    def _disturb(self) -> None:
        """What happens while it runs, beside what it does."""
        if self._chance.random() < _OFTEN:
            self._numbers += 1
            people = [f"c{self._numbers}-{number}@example.net" for number in range(self._chance.randint(1, 30))]
            if self._ask("campaign", people)[0] == "scheduled":
                self._accepted += people
                self.verdict.steps.append(f"campaign to {len(people)}")
        if self._chance.random() < _SELDOM:
            self.verdict.steps.append(jump(self._chance, self._data, []))
        if self._database is not None and self._chance.random() < _OFTEN:
            self._outage(self._database)

    def _outage(self, database: Postgresql) -> None:
        """Mail and hits are taken meanwhile."""
        self.verdict.steps.append("outage")
        database.stop(self._chance.choice(("immediate", "fast")))
        for _ in range(self._chance.randint(1, 5)):
            self._numbers += 1
            address = f"r{self._numbers}@example.net"
            if self._ask("mail", address)[0] == "accepted":
                self._accepted.append(address)
            time.sleep(self._chance.random())
        database.start()

    def _put_back_database(self, snapshot: Path) -> None:
        assert self._database is not None
        self._database.stop("fast")
        self._database.put_back(snapshot / DATABASE)
        self._database.start()

    def _fill_the_disk(self) -> None:
        self.verdict.steps.append("full disk")
        filler = self._data / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
                file.flush()
        for _ in range(40):
            sent = self._sent()
            if sent:
                _, kind, scope, copy = self._chance.choice(sent)
                if copy and self._ask("hit", kind, scope, copy)[0] == "answered":
                    self._answered[copy] += 1
        filler.unlink(missing_ok=True)

    def _sent(self) -> list[tuple[str, int, int, int]]:
        try:
            lines = self._outside.read_text().splitlines()
        except FileNotFoundError:
            return []
        return [(a, int(k), int(s), int(c)) for a, k, s, c in (line.split() for line in lines)]

    def _end(self) -> None:
        how = self._chance.choice(("kill", "kill", "stop"))
        if how == "stop":
            self._stop()
        else:
            if self._chance.random() < 0.5:
                self._ask("settle")
            self._kill()
        self.verdict.steps.append(how)

    def _snapshot(self) -> None:
        target = self._folder / f"snapshot-{len(self._snapshots)}"
        shutil.copytree(self._data, target, ignore=shutil.ignore_patterns("filler", "*.sock"))
        if self._database is not None:
            self._database.stop("fast")
            self._database.copy_to(target / DATABASE)
            self._database.start()
        self._snapshots.append(target)
        self._keys = self._keys or (self._data / "keys.json").read_bytes()

    def _start(self) -> None:
        for _ in range(4):
            mine, other = _FORK.Pipe()
            self._process = _FORK.Process(target=run_node, args=(self._data, self._outside, other))
            self._process.start()
            other.close()
            self._pipe = mine
            reported = self._receive()
            if reported == ("ready",):
                return
            self.verdict.told.append(f"start: {reported[2]}")
            self._process.join()
            self._follow_advice(reported[1], reported[2])
        raise AssertionError(f"seed {self.verdict.seed}: it does not start: {self.verdict.steps} {self.verdict.told}")

    def _follow_advice(self, kind: str, text: str) -> None:
        if self._whole is not None and self._whole[0].name in text:
            make_readable(*self._whole)
            self.verdict.steps.append("made readable")
            self._whole = None
            return
        if kind == "SettingError" and "keys.json" in text:
            remove(self._data / "keys.json")
            (self._data / "keys.json").write_bytes(self._keys)
            return
        moved = _forked(lambda: repair_folder(settings_of(self._data)))
        self.verdict.steps.append(f"repaired: {len(moved)} files quarantined")

    def _go_on_if_paused(self) -> None:
        self._take_what_is_left_of_the_spool()
        self._settle()
        paused, told = _forked(lambda: _look(self._data, go_on=True))
        self.verdict.told += told
        if paused:
            self.verdict.steps.append("told to go on")
            if self._before_asking is None:
                self._before_asking = Counter(address for address, *_ in self._sent())

    def _take_what_is_left_of_the_spool(self) -> None:
        """The operator is told that it is gone, and says that it is for good."""
        found = [text for one in DataFolder(self._data).spools if (text := spool_problem(*one))]
        if found:
            self.verdict.told += found
            self._kill()
            self._follow_advice("DamagedError", found[0])
            self._start()

    def _settle(self) -> None:
        """Wait until all is digested; what keeps the digest from it is told, and mended as it says."""
        problem = self._ask("settle")[1]
        for _ in range(_TRIES):
            if problem:  # it tries again by itself
                time.sleep(_PATIENCE)
                problem = self._ask("settle")[1]
        if problem:
            self.verdict.told.append(problem)
            self._problems += 1
            assert self._problems < _PROBLEMS, f"what it advises does not help: {self.verdict}"
            self._kill()
            self._follow_advice("DamagedError", problem)
            self._start()

    def _mend_the_history(self) -> None:
        """A damaged block that was not read meanwhile: `postlude doctor` tells it, and it is mended as it says."""
        found = _forked(lambda: [one.text for one in examine_folder(settings_of(self._data)) if one.name == "history"])
        told = [text for text in found if "--repair" in text]
        if told:
            self.verdict.told += told
            self._follow_advice("DamagedError", told[0])
            self._start()
            self._settle()
            self._stop()

    def _ask(self, *reported: Any) -> tuple[Any, ...]:
        assert self._pipe is not None
        self._pipe.send(reported)
        return self._receive()

    def _receive(self) -> tuple[Any, ...]:
        assert self._pipe is not None
        if not self._pipe.poll(_SILENT):
            self._kill()
            raise AssertionError(f"seed {self.verdict.seed}: it is silent after {self.verdict.steps}")
        try:
            return tuple(self._pipe.recv())
        except EOFError:
            raise AssertionError(f"seed {self.verdict.seed}: it died after {self.verdict.steps}") from None

    def _await_sending(self) -> None:
        until = time.monotonic() + _SILENT
        while time.monotonic() < until:
            self._settle()
            before = len(self._sent())
            if not _forked(lambda: _look(self._data, go_on=False))[0] and before == len(self._sent()):
                return
            time.sleep(0.1)

    def _stop(self) -> None:
        assert self._ask("stop") == ("stopped",)
        self._process.join(_SILENT)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()

    def _classify(self) -> None:
        one = self.verdict
        opened, statuses, told, damaged = _forked(lambda: _result(self._data))
        one.told += told
        sent = Counter(address for address, *_ in self._sent())
        one.accepted, one.answered = len(self._accepted), self._answered.total()
        visible = {address for address, status in statuses.items() if status in _VISIBLE}
        missing = [address for address in self._accepted if not sent[address] and address not in visible]
        one.mail_missing = len(missing)
        before = sent if self._before_asking is None else self._before_asking
        one.mail_twice = sum(number > 1 for number in before.values())
        one.mail_twice_after_asking = sum(number > 1 for number in sent.values()) - one.mail_twice
        one.hits_missing = sum(max(number - opened[copy], 0) for copy, number in self._answered.items())
        one.hits_twice = sum(max(opened[copy] - number, 0) for copy, number in self._answered.items())
        if one.mail_twice:
            one.wrong.append(f"{one.mail_twice} mails were sent twice without being asked")
        if one.hits_twice:
            one.wrong.append(f"{one.hits_twice} hits were counted twice")
        if (one.mail_missing or one.hits_missing) and not (one.told or damaged):
            which = ", ".join(f"{address} ({statuses.get(address, 'unknown')})" for address in missing[:_SOME])
            one.wrong.append(
                f"{one.mail_missing} mails and {one.hits_missing} hits are missing, and nobody was told: {which}"
            )


def make_readable(path: Path, whole: Path) -> None:
    """What stood there before."""
    remove(path)
    if whole.is_dir():
        shutil.copytree(whole, path)
    else:
        shutil.copy2(whole, path)


def _forked(call: Callable[[], Any]) -> Any:
    """The result of a call made in a process of its own: no database is ever open in this one."""
    mine, other = _FORK.Pipe()

    def work() -> None:
        other.send(call())
        os._exit(0)

    process = _FORK.Process(target=work)
    process.start()
    other.close()
    try:
        return mine.recv()
    finally:
        process.join()


def _look(data: Path, *, go_on: bool) -> tuple[bool, list[str]]:
    """(held, or mail still waits; what was told)."""
    with closing(open_store(settings_of(data).database)) as store:
        paused = store.integrity.sending_pause()
        told = [one.text for one in store.integrity.incidents(every=True)]
        if not go_on:
            under_way = store.campaigns.latest([CampaignStatus.SENDING, CampaignStatus.SCHEDULED])
            return bool(store.integrity.paused_mail().waiting or under_way), told
        if paused is not None:
            resume_sending(store)
        return paused is not None, told


def _result(data: Path) -> tuple[Counter[int], dict[str, str], list[str], bool]:
    settings = settings_of(data)
    damaged = any(one.state == "damaged" for one in examine_folder(settings))
    with closing(open_store(settings.database)) as store, closing(open_history(data / "history.duckdb")) as history:
        events = history.since(0, [EventKind.OPENED], limit=1_000_000)
        opened = Counter(event.copy for event in events)
        ids = {event.id for event in events}
        assert len(ids) == len(events), "two events have the same id"
        mailings = store.campaigns.latest()
        variants = [variant.message for one in mailings for variant in store.campaigns.variants(one.id)]
        singles = [message for message, _, _ in store.messages.checksums()]
        found = [store.messages.copies(message) for message in {*singles, *variants}]
        statuses = {copy.recipient: copy.status.value for some in found for copy in some}
        told = [one.text for one in store.integrity.incidents(every=True)]
        told += [one.problem for one in mailings if one.problem]
    return opened, statuses, told, damaged
