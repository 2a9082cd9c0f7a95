"""One edge process for bench/edge.py, as `postlude edge` runs it: on the real disk, without sync, or on a slow disk."""

import argparse
import asyncio
import signal
import time
from pathlib import Path

import uvloop

from postlude.edge import EdgeConfig, VisitorLimits, run_edge
from postlude.journal.disk import Disk
from postlude.tokens import KeyRing, TokenCodec

CODEC = TokenCodec(KeyRing({1: b"bench" + bytes(27)}, 1))


class NoSync(Disk):
    """Answers before the disk has it: what durability costs is the difference."""

    def store(self, fd: int, data: bytes, offset: int) -> None:
        self.write(fd, data, offset)


class SlowSync(Disk):
    """Each sync takes 2 ms longer."""

    def store(self, fd: int, data: bytes, offset: int) -> None:
        super().store(fd, data, offset)
        time.sleep(0.002)


DISKS = {"real": Disk, "nosync": NoSync, "slow": SlowSync}


async def serve(port: int, journal: Path, disk: Disk) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = EdgeConfig(port=port, limits=VisitorLimits(hits_per_minute=1 << 60))
    await run_edge(config, CODEC, journal, stop, name=f"edge-{port}", journal_max_bytes=64 << 30, disk=disk)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--disk", choices=DISKS, default="real")
    options = parser.parse_args()
    uvloop.run(serve(options.port, options.journal, DISKS[options.disk]()))
