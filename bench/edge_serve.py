"""One edge process for bench/edge.py: real, without sync, or with a disk that takes longer."""

import argparse
import asyncio
import gc
import signal
import sys
import time
from pathlib import Path

import uvloop

from postlude.edge import Edge, EdgeConfig, Limits
from postlude.journal import JournalWriter
from postlude.journal.disk import Disk
from postlude.tokens import KeyRing, TokenCodec

CODEC = TokenCodec(KeyRing({1: b"bench" + bytes(27)}, 1))


class NoSync(Disk):
    def store(self, fd: int, data: bytes, offset: int) -> None:
        self.write(fd, data, offset)


class SlowSync(Disk):
    def store(self, fd: int, data: bytes, offset: int) -> None:
        time.sleep(0.002)
        super().store(fd, data, offset)


async def serve(port: int, journal: Path, disk: Disk) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    writer = JournalWriter(journal, f"edge-{port}", disk=disk, max_bytes=64 << 30)
    edge = Edge(EdgeConfig(port=port, limits=Limits(hits_per_minute=1 << 60)), CODEC, writer)
    await edge.listen()
    gc.freeze()
    await stop.wait()
    await edge.close()
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("journal", type=Path)
    parser.add_argument("--disk", choices=["real", "nosync", "slow"], default="real")
    parser.add_argument("--switch", type=float, default=0.0005, help="the interpreter's switch interval, seconds")
    options = parser.parse_args()
    sys.setswitchinterval(options.switch)
    disks = {"real": Disk, "nosync": NoSync, "slow": SlowSync}
    uvloop.run(serve(options.port, options.journal, disks[options.disk]()))
