"""Load, `kill -9` at a random moment, restart: is every answered hit in the journal exactly once?

python tests/integration/edge/crash.py --rounds 50
"""

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path

import uvloop

from postlude.edge import Edge, EdgeConfig
from postlude.edge.answer import GIF
from postlude.journal import JournalReader, JournalWriter
from postlude.journal.disk import Disk
from postlude.model.observation import Hit, decode_observation
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

CODEC = TokenCodec(KeyRing({1: b"crash" + bytes(27)}, 1))
URLS = Urls(CODEC, "", Kind.MESSAGE, 1)


class Unsynced(Disk):
    """What the order test must catch."""

    def store(self, fd: int, data: bytes, offset: int) -> None:
        self.write(fd, data, offset)


def pixel(copy: int) -> str:
    """The path of a copy's pixel."""
    return URLS.token(copy).join(URLS.pixel())


async def serve(journal: Path, disk: Disk) -> None:
    """An edge that says its port and runs until it is killed."""
    writer = JournalWriter(journal, "edge", segment_bytes=1 << 20, disk=disk)
    edge = Edge(EdgeConfig(port=0), CODEC, writer)
    await edge.listen()
    print(edge.port, flush=True)  # noqa: T201 - the parent reads it
    await asyncio.Event().wait()


def start(journal: Path, *, unsynced: bool = False, prefix: tuple[str, ...] = ()) -> tuple[subprocess.Popen[str], int]:
    """The process and its port."""
    command = [*prefix, sys.executable, __file__, "--serve", str(journal), *(["--unsynced"] if unsynced else [])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


async def client(port: int, copies: "range", answered: set[int]) -> None:
    """Ask for one pixel after the other until the server is gone."""
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for copy in copies:
            writer.write(f"GET {pixel(copy)} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"X-Postlude-Diagnosis" not in head
            await reader.readexactly(len(GIF))
            answered.add(copy)
        writer.close()


async def one_round(journal: Path, first: int, seconds: float) -> set[int]:
    """The copies whose pixel was answered before the kill."""
    process, port = start(journal)
    answered: set[int] = set()
    step = 1_000_000
    clients = [client(port, range(first + i * step, first + (i + 1) * step), answered) for i in range(32)]
    tasks = [asyncio.create_task(item) for item in clients]
    await asyncio.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()
    await asyncio.gather(*tasks)
    return answered


async def crash(rounds: int, journal: Path) -> str:
    """Run it; what was found, for people. AssertionError when a hit is missing or there twice."""
    answered: set[int] = set()
    for number in range(rounds):
        answered |= await one_round(journal, 1 + number * 100_000_000, random.uniform(0.1, 0.7))
    JournalWriter(journal, "edge").close()  # a start after the last kill
    reader = JournalReader(journal)
    seen: Counter[int] = Counter()
    positions = set()
    for record in reader.read({}, 100_000_000):
        hit = decode_observation(record.data)
        assert isinstance(hit, Hit)
        seen[hit.copy] += 1
        positions.add(record.position)
    assert len(positions) == seen.total()
    missing = [copy for copy in answered if copy not in seen]
    twice = [copy for copy, count in seen.items() if count > 1]
    assert not missing, f"{len(missing)} answered hits are not in the journal"
    assert not twice, f"{len(twice)} hits are there more than once"
    assert len(answered) >= rounds
    return f"{rounds} rounds, {len(answered)} answered hits, all there once ({len(seen)} stored)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--unsynced", action="store_true")
    options = parser.parse_args()
    if options.serve:
        uvloop.run(serve(options.serve, Unsynced() if options.unsynced else Disk()))
    else:
        with tempfile.TemporaryDirectory() as folder:
            print(asyncio.run(crash(options.rounds, Path(folder) / "journal")))  # noqa: T201 - for people
