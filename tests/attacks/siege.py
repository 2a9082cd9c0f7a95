"""A stranger with many connections who sends all the time, and what everybody else notices of it."""

import http.client
import math
import subprocess
import sys
import threading
import time
from typing import Final, NamedTuple

from attacks.target import LISTENERS, Target
from servers.waiting import LOOPBACK

_HITS_A_SECOND: Final = 100
_MEGABYTE: Final = 1 << 20


class Seen(NamedTuple):
    p50: float
    p99: float
    failed: int
    mail: float
    """Seconds the slowest single mail took to leave."""
    memory: int
    disk: int


class Siege:
    """The same load with and without the stranger."""

    def __init__(self, target: Target, connections: int, seconds: float) -> None:
        self._target = target
        self._connections = connections
        self._seconds = seconds

    def run(self) -> list[list[str]]:
        """Rows of a table: what, without, with, wanted, whether it held."""
        self._measure(min(10.0, self._seconds))  # caches are warm, the journal's segments are made
        without = self._measure(self._seconds)
        attackers = self._start()
        try:
            time.sleep(3)
            during = self._measure(self._seconds)
        finally:
            sent = self._stop(attackers)
        return self._rows(without, during, sent)

    def _rows(self, without: Seen, during: Seen, sent: int) -> list[list[str]]:
        memory, disk = during.memory - without.memory, during.disk - without.disk
        checks = [
            ("edge p50, ms", f"{without.p50:.2f}", f"{during.p50:.2f}", "", True),
            ("edge p99, ms", f"{without.p99:.2f}", f"{during.p99:.2f}", "within 2 x", during.p99 <= 2 * without.p99),
            ("hits without an answer", str(without.failed), str(during.failed), "0", during.failed == 0),
            ("slowest single mail, s", f"{without.mail:.2f}", f"{during.mail:.2f}", "leaves", during.mail < math.inf),
            ("memory, MB", f"{without.memory / _MEGABYTE:.0f}", f"+{memory / _MEGABYTE:.0f}", "+50", memory < 50 << 20),
            ("disk, MB", f"{without.disk / _MEGABYTE:.0f}", f"+{disk / _MEGABYTE:.0f}", "+50", disk < 50 << 20),
            ("sent by the stranger, MB", "0", f"{sent / _MEGABYTE:,.0f}", "", True),
        ]
        return [[*cells, "held" if held else "**did not hold**"] for *cells, held in checks]

    def _start(self) -> list[subprocess.Popen[str]]:
        """One process of low priority a listener: it stands for machines elsewhere."""
        share = self._connections // len(LISTENERS)
        ports = self._target.postlude.ports
        return [
            subprocess.Popen(
                [
                    "nice",
                    "-n",
                    "19",
                    sys.executable,
                    "-m",
                    "attacks.stranger",
                    endpoint,
                    str(ports[endpoint]),
                    str(share),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=__file__.rpartition("/attacks/")[0],
            )
            for endpoint in LISTENERS
        ]

    def _stop(self, attackers: list[subprocess.Popen[str]]) -> int:
        sent = 0
        for attacker in attackers:
            out, _ = attacker.communicate("stop\n", timeout=30)
            sent += int(out.strip() or 0)
        return sent

    def _measure(self, seconds: float) -> Seen:
        times: list[float] = []
        failed = [0]
        until = time.monotonic() + seconds
        clients = [threading.Thread(target=self._hit, args=(until, times, failed)) for _ in range(4)]
        for client in clients:
            client.start()
        slowest, memory = 0.0, 0
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                self._target.send_mail()
                slowest = max(slowest, time.monotonic() - began)
            except (AssertionError, OSError):
                slowest = math.inf
            memory = max(memory, self._target.memory())
            time.sleep(0.5)
        for client in clients:
            client.join()
        times.sort()
        return Seen(
            times[len(times) // 2] * 1000,
            times[int(len(times) * 0.99)] * 1000,
            failed[0],
            slowest,
            memory,
            self._target.disk(),
        )

    def _hit(self, until: float, times: list[float], failed: list[int]) -> None:
        """Opens at a steady rate on a connection that is kept; each is timed from when it was due."""
        connection = http.client.HTTPConnection(LOOPBACK, self._target.postlude.ports["edge"], timeout=10)
        due = time.monotonic()
        while due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            try:
                connection.request("GET", self._target.pixel)
                connection.getresponse().read()
                times.append(time.monotonic() - due)
            except OSError:
                failed[0] += 1
                connection.close()
            due += 4 / _HITS_A_SECOND
        connection.close()
