"""Power loss: only what was synced is there afterwards. Was everything that had been answered?"""

import asyncio
import os
import random
import threading
from pathlib import Path

import pytest

from postlude.journal import JournalReader, JournalWriter
from postlude.journal.disk import Disk
from postlude.model.observation import Hit, decode_observation
from postlude.tokens import Kind, Urls

from .conftest import CODEC, RunningEdge, Start, read_answer

URLS = Urls(CODEC, "", Kind.MESSAGE, 1)


class Volatile(Disk):
    """Remembers which bytes and which folder entries a power cut would leave, like a disk with a cache."""

    def __init__(self, *, forgets: str = "") -> None:
        self._forgets = forgets
        self._lock = threading.Lock()
        self._cached: dict[int, list[tuple[bytes, int]]] = {}
        self._stored: dict[int, bytearray] = {}
        self._entries: dict[Path, dict[str, int]] = {}

    def write(self, fd: int, data: bytes, offset: int) -> None:
        super().write(fd, data, offset)
        with self._lock:
            self._cached.setdefault(os.fstat(fd).st_ino, []).append((data, offset))

    def sync(self, fd: int) -> None:
        if self._forgets == "sync":
            return
        with self._lock:
            inode = os.fstat(fd).st_ino
            waiting, self._cached[inode] = self._cached.get(inode, []), []
        threading.Event().wait(random.uniform(0, 0.004))  # meanwhile the edge goes on
        with self._lock:
            content = self._stored.setdefault(inode, bytearray())
            for data, offset in waiting:
                content.extend(bytes(max(0, offset + len(data) - len(content))))
                content[offset : offset + len(data)] = data

    def store(self, fd: int, data: bytes, offset: int) -> None:
        self.write(fd, data, offset)
        self.sync(fd)

    def sync_folder(self, path: Path) -> None:
        super().sync_folder(path)
        if self._forgets != "folder":
            with self._lock:
                self._entries[path] = {item.name: item.inode() for item in os.scandir(path)}

    def after_power_loss(self, folder: Path, into: Path) -> None:
        """Make `into` what `folder` would be."""
        into.mkdir(parents=True)
        with self._lock:
            for name, inode in self._entries.get(folder, {}).items():
                if inode in self._stored:
                    (into / name).write_bytes(self._stored[inode])


async def _load(endpoint: RunningEdge, first: int, answered: set[int]) -> None:
    reader, writer = await endpoint.open()
    try:
        for copy in range(first, first + 100_000):
            writer.write(f"GET {URLS.token(copy).join(URLS.pixel())} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
            await read_answer(reader)
            answered.add(copy)
    finally:
        writer.close()


def _copies_after_power_loss(disk: Volatile, folder: Path, root: Path) -> set[int]:
    disk.after_power_loss(folder, root / "edge")
    (root / "numbers.json").write_text('{"edge": 1}')
    JournalWriter(root, "edge").close()
    reader = JournalReader(root)
    hits = [decode_observation(record.data) for record in reader.read({}, 1_000_000)]
    reader.close()
    copies = [hit.copy for hit in hits if isinstance(hit, Hit)]
    assert len(copies) == len(set(copies))
    return set(copies)


async def _missing_after_power_loss(start: Start, tmp_path: Path, disk: Volatile) -> tuple[int, int]:
    """Answered hits, and how many of them are missing after one of many cuts under load."""
    endpoint = await start(writer=JournalWriter(tmp_path / "journal", "edge", segment_bytes=20_000, disk=disk))
    answered: set[int] = set()
    clients = [asyncio.create_task(_load(endpoint, 1 + i * 1_000_000, answered)) for i in range(24)]
    try:
        while len(answered) < 100:
            await asyncio.sleep(0.01)
            for ended in (client for client in clients if client.done()):
                ended.result()
        missing = 0
        for cut in range(25):
            await asyncio.sleep(random.uniform(0.01, 0.06))
            before = set(answered)
            there = _copies_after_power_loss(disk, tmp_path / "journal" / "edge", tmp_path / f"cut-{cut}")
            missing += len(before - there)
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    return len(answered), missing


async def test_what_was_answered_survives_a_power_cut(start: Start, tmp_path: Path) -> None:
    answered, missing = await _missing_after_power_loss(start, tmp_path, Volatile())
    assert answered > 500
    assert missing == 0


@pytest.mark.parametrize("forgotten", ["sync", "folder"])
async def test_this_would_catch_an_answer_before_the_sync(start: Start, tmp_path: Path, forgotten: str) -> None:
    _, missing = await _missing_after_power_loss(start, tmp_path, Volatile(forgets=forgotten))
    assert missing > 0


async def test_nothing_is_answered_while_the_disk_syncs(start: Start, tmp_path: Path) -> None:
    class Held(Disk):
        synced = threading.Event()

        def store(self, fd: int, data: bytes, offset: int) -> None:
            self.synced.wait()
            super().store(fd, data, offset)

    disk = Held()
    endpoint = await start(writer=JournalWriter(tmp_path / "journal", "edge", disk=disk))
    lines = [await endpoint.open() for _ in range(3)]
    for (_, writer), target in zip(lines, (endpoint.pixel, endpoint.link, endpoint.view), strict=True):
        writer.write(f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
    reads = [asyncio.create_task(read_answer(reader)) for reader, _ in lines]
    done, _ = await asyncio.wait(reads, timeout=0.3)
    assert not done
    disk.synced.set()
    assert [(await read).status for read in reads] == [200, 302, 410]
    for _, writer in lines:
        writer.close()
