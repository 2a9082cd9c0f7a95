"""A stranger with many connections who sends all the time, and what everybody else notices of it.

He comes and goes in turns of equal length, so that whatever else the machine does is the same with and without him.
What a table compares is the median of the turns: a burst of something else, or a journal that begins a new segment,
falls into one turn of either kind and says nothing about him; what he causes, he causes in every turn.
"""

import json
import math
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from attacks.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST: Final = 50 << 20
"""Bytes of memory, and of disk, that a stranger may cost."""
_TURNS: Final = 10
_TESTS: Final = str(Path(__file__).parent.parent)
_MEGABYTE: Final = 1 << 20
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass
class Seen:
    """What was measured in all turns of one kind."""

    turns: list[list[float]] = field(default_factory=list)
    """Milliseconds each open took, by turn, the quickest first."""
    grown: list[int] = field(default_factory=list)
    """Bytes more on the disk, by turn."""
    failed: int = 0
    slowest_mail: float = 0.0
    """Seconds."""
    mails: int = 0
    memory: int = 0
    processor: dict[str, float] = field(default_factory=dict)
    """Seconds of processor time by process."""
    seconds: float = 0.0

    def quantile(self, share: float) -> float:
        """Milliseconds within which so many opens were answered: the median of the turns."""
        return median(times[int(len(times) * share)] for times in self.turns)

    @property
    def opens(self) -> int:
        """How many there were."""
        return sum(map(len, self.turns))

    @property
    def disk(self) -> int:
        """Bytes more on the disk after all turns, as the median of them tells it."""
        return int(median(self.grown) * len(self.grown))


class Helper:
    """A process beside the instance that works between `go` and `rest`."""

    def __init__(self, *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_TESTS
        )

    def say(self, word: str) -> None:
        """One word to its standard input."""
        assert self._process.stdin
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def rest(self) -> str:
        """Let it rest; what it has to report."""
        self.say("rest")
        assert self._process.stdout
        return self._process.stdout.readline()

    def end(self) -> None:
        """It is gone afterwards."""
        with suppress(OSError):
            self.say("end")
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()


class Siege:
    """The same load with and without the stranger, `seconds` of each."""

    def __init__(self, target: Target, connections: int, seconds: float, turns: int = _TURNS) -> None:
        self._target = target
        self._connections = connections
        self._turns = turns
        self._turn = seconds / turns
        self.without, self.during = Seen(), Seen()
        self.sent = 0
        """Bytes of the stranger's that were taken."""
        self.stranger_processor = 0.0

    def run(self) -> None:
        """Measure in turns."""
        target = self._target
        ports, share = target.postlude.ports, self._connections // len(target.listeners)
        with ExitStack() as stack:
            opens = Helper("attacks.opens", str(ports["edge"]), self._target.pixel)
            stack.callback(opens.end)
            strangers = [
                Helper("attacks.stranger", target.speaks[endpoint], str(ports[endpoint]), str(share))
                for endpoint in target.listeners
            ]
            for stranger in strangers:
                stack.callback(stranger.end)
            self._measure(Seen(), opens, min(10.0, self._turn))  # caches are warm, the journal's segments are made
            for _ in range(self._turns):
                self._measure(self.without, opens, self._turn)
                for stranger in strangers:
                    stranger.say("go")
                time.sleep(1)
                self._measure(self.during, opens, self._turn)
                for stranger in strangers:
                    sent, processor = stranger.rest().split()
                    self.sent += int(sent)
                    self.stranger_processor += float(processor)
                time.sleep(1)

    def _measure(self, seen: Seen, opens: Helper, seconds: float) -> None:
        disk, before, began = self._target.disk(), self._processor(), time.monotonic()
        opens.say("go")
        sender = threading.Thread(target=self._send, args=(seen, began + seconds))
        sender.start()
        while time.monotonic() < began + seconds:
            time.sleep(min(2.0, seconds))
            seen.memory = max(seen.memory, self._target.memory())
        sender.join()
        reported = json.loads(opens.rest())
        seen.turns.append(sorted(reported["times"]))
        seen.failed += reported["failed"]
        seen.seconds += time.monotonic() - began
        for name, spent in self._processor().items():
            seen.processor[name] = seen.processor.get(name, 0.0) + spent - before.get(name, 0.0)
        seen.grown.append(self._target.disk() - disk)

    def _send(self, seen: Seen, until: float) -> None:
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                self._target.send_mail()
                seen.slowest_mail = max(seen.slowest_mail, time.monotonic() - began)
                seen.mails += 1
            except (AssertionError, OSError):
                seen.slowest_mail = math.inf
            time.sleep(0.5)

    def _processor(self) -> dict[str, float]:
        spent: dict[str, float] = {}
        for pid, command in self._target.processes().items():
            name = command.partition("-m postlude ")[2].split(" ")[0] or "up"
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                spent[name] = spent.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / _TICKS
        return spent

    @property
    def memory_growth(self) -> int:
        """Bytes more with him than without."""
        return self.during.memory - self.without.memory

    @property
    def disk_growth(self) -> int:
        """Bytes more with him than without."""
        return self.during.disk - self.without.disk

    def rows(self) -> list[list[str]]:
        """Of a table: what, without, with, wanted, whether it held."""
        without, during = self.without, self.during
        memory, disk = self.memory_growth, self.disk_growth
        ratio = during.quantile(0.99) / without.quantile(0.99)
        lost = without.failed + during.failed
        checks = [
            *(_opened(without, during, share) for share in (0.5, 0.9)),
            (*_opened(without, during, 0.99)[:3], f"within 2 x: {ratio:.2f}", ratio <= 2),
            ("opens", f"{without.opens:,}", f"{during.opens:,}", "", True),
            ("p99 of each turn, ms", _each(without), _each(during), "", True),
            ("opens without an answer", str(without.failed), str(during.failed), "0", not lost),
            ("slowest single mail, s", f"{without.slowest_mail:.2f}", f"{during.slowest_mail:.2f}", "leaves", True),
            ("single mails that left", str(without.mails), str(during.mails), "", during.slowest_mail < math.inf),
            ("memory, MB", f"{without.memory / _MEGABYTE:.0f}", f"{memory / _MEGABYTE:+.0f}", "+50", memory < MOST),
            ("more on the disk, MB", f"{without.disk / _MEGABYTE:.0f}", f"{disk / _MEGABYTE:+.0f}", "+50", disk < MOST),
            ("sent by the stranger, MB", "0", f"{self.sent / _MEGABYTE:,.0f}", "", True),
            *self._processor_rows(),
        ]
        return [[*map(str, cells), "held" if held else "**did not hold**"] for *cells, held in checks]

    def _processor_rows(self) -> list[tuple[str, str, str, str, bool]]:
        names = sorted(self.without.processor | self.during.processor)
        both = (self.without, self.during)
        shares: list[tuple[str, Sequence[float]]] = [
            (name, [seen.processor.get(name, 0.0) / seen.seconds for seen in both]) for name in names
        ]
        shares.append(("the stranger", (0.0, self.stranger_processor / self.during.seconds)))
        return [(f"processor, {name}", f"{share[0]:.1%}", f"{share[1]:.1%}", "", True) for name, share in shares]


def _each(seen: Seen) -> str:
    return " ".join(f"{times[int(len(times) * 0.99)]:.1f}" for times in seen.turns)


def _opened(without: Seen, during: Seen, share: float) -> tuple[str, str, str, str, bool]:
    one, other = (f"{seen.quantile(share):.2f}" for seen in (without, during))
    return f"edge p{share * 100:.0f}, ms", one, other, "", True
