"""Throw mutated requests at a running edge and see that it keeps answering.

python fuzz/edge_sockets.py --seconds 60 [--seed 1]
"""

import argparse
import asyncio
import logging
import random
import tempfile
import time
from pathlib import Path

import uvloop

from postlude.edge import Edge, EdgeConfig, VisitorLimits
from postlude.edge.answer import GIF
from postlude.journal import JournalWriter
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

CODEC = TokenCodec(KeyRing({1: b"fuzz" + bytes(28)}, 1))
URLS = Urls(CODEC, "", Kind.MESSAGE, 1)
TOKEN = URLS.token(1)
TARGETS = [TOKEN.join(parts) for parts in (URLS.pixel(), URLS.link(1, "https://a.example/?b=%2F"), URLS.unsubscribe())]
PIECES = [b"\r\n", b"\n", b"\x00", b"%", b"%25", b"//", b"..", b": ", b"\xff", b"Content-Length: 5", b" HTTP/1.1", b"?"]


def mutated(rng: random.Random) -> bytes:
    method = rng.choice(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PUT"])
    headers = "Host: t\r\n" + rng.choice(
        ["", "Content-Length: 13\r\n", "Transfer-Encoding: chunked\r\n", "Expect: x\r\n"]
    )
    data = bytearray(f"{method} {rng.choice(TARGETS)} HTTP/1.1\r\n{headers}\r\nunsubscribe=1".encode())
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data))
        if rng.random() < 0.5:
            data[at : at + rng.randrange(3)] = rng.choice(PIECES)
        else:
            data[at] = rng.randrange(256)
    return bytes(data) * rng.choice([1, 1, 1, 2])


async def throw(port: int, rng: random.Random) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        data = mutated(rng)
        cut = rng.randrange(len(data))
        writer.write(data[:cut])
        await asyncio.sleep(0)
        writer.write(data[cut:])
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 15)
    except ConnectionError:
        pass  # the edge may hang up on garbage
    finally:
        writer.close()


async def check(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {TARGETS[0]} HTTP/1.0\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    assert answer.endswith(GIF), answer
    writer.close()


async def main(seconds: float, seed: int) -> None:
    logging.basicConfig(level=logging.ERROR)
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        writer = JournalWriter(Path(folder), "fuzz")
        edge = Edge(EdgeConfig(port=0, limits=VisitorLimits(request_seconds=2)), CODEC, writer)
        await edge.listen()
        thrown, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.gather(*(throw(edge.port, rng) for _ in range(50)))
            await check(edge.port)
            thrown += 50
        counts = {name: count for name, count in edge.core.counts.table().items() if count}
        await edge.close()
        writer.close()
    assert "failed" not in counts, counts
    print(f"{thrown} connections, {counts}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options, _ = parser.parse_known_args()  # fuzz/run.sh speaks to libFuzzer
    uvloop.run(main(options.seconds, options.seed))
