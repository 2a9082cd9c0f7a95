"""Coverage-guided: any bytes in any pieces into one edge connection; every answer is HTTP and none a fault of ours.

    python fuzz/edge_http.py -max_total_time=300 [corpus folder]

Arguments are libFuzzer's. The journal is real; connections have no socket, so hundreds of thousands run a minute.
"""

import asyncio
import logging
import re
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["postlude.edge", "postlude.tokens"]):
    from postlude.edge import Edge, EdgeConfig
    from postlude.edge.answer import GIF
    from postlude.edge.connection import Connection
    from postlude.edge.core import OTHER
    from postlude.tokens import KeyRing, Kind, TokenCodec, Urls, hook_url

from postlude.journal import JournalWriter

CODEC = TokenCodec(KeyRing({1: b"fuzz" + bytes(28)}, 1))
URLS = Urls(CODEC, "", Kind.MESSAGE, 1)
TOKEN = URLS.token(1)
ENDPOINTS = (
    URLS.pixel(),
    URLS.link(1, "https://a.example/?b=%2F"),
    URLS.unsubscribe(),
    URLS.preferences(),
    URLS.view(),
)
# What the fuzzer cannot guess, a byte above 0x7f of its input stands for.
WORDS = [
    *(TOKEN.join(parts).encode() for parts in ENDPOINTS),
    hook_url(CODEC, "", EdgeConfig().prefixes, "ses").encode(),
    TOKEN.encode(),
    b" HTTP/1.1\r\nHost: t\r\n\r\n",
    b" HTTP/1.1\r\nHost: t\r\n",
    *(
        b"GET ",
        b"HEAD ",
        b"POST ",
        b"OPTIONS ",
        b"\r\n",
        b"\r\n\r\n",
        b"%25",
        b"%2F",
        b"//",
        b"..",
        b"\xff",
        b"\xc3\xa9",
    ),
    b"Content-Length: 13\r\n\r\nunsubscribe=1",
    b"Content-Type: application/x-www-form-urlencoded\r\n",
    *(b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: x\r\n"),
    *(b"X-Forwarded-For: 1.2.3.4\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", b"Range: bytes=0-1\r\n"),
]
CUT = 0xFF
HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z -]+\r\n(?:[A-Za-z-]+: [^\r\n]*\r\n)*\r\n")
LOCATION = re.compile(rb"\r\nLocation: ([^\r]*)")


class Line(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = False

    def get_extra_info(self, name, default=None):
        return ("203.0.113.9", 1) if name == "peername" else default

    def write(self, data) -> None:
        if not self.closed:
            self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def pieces(data: bytes) -> list[bytes]:
    """From the fuzzer's bytes to what a client sends, in its pieces."""
    found = [bytearray()]
    for byte in data:
        if byte == CUT:
            found.append(bytearray())
        elif byte > 0x7F and byte - 0x80 < len(WORDS):
            found[-1] += WORDS[byte - 0x80]
        else:
            found[-1].append(byte)
    return [bytes(piece) for piece in found if piece]


class Target:
    def __init__(self) -> None:
        logging.disable(logging.CRITICAL)
        self.loop = asyncio.new_event_loop()
        self.writer = JournalWriter(Path(tempfile.mkdtemp()), "fuzz", max_bytes=1 << 40)
        self.edge = self.loop.run_until_complete(self.make())

    async def make(self) -> Edge:
        return Edge(EdgeConfig(port=0, proxies=("203.0.113.9",)), CODEC, self.writer)

    def __call__(self, data: bytes) -> None:
        self.loop.run_until_complete(self.throw(data))

    async def throw(self, data: bytes) -> None:
        line = Line()
        conn = Connection(self.edge)
        conn.connection_made(line)
        for piece in pieces(data):
            if not line.closed:
                conn.data_received(piece)
        for _ in range(2000):
            if not conn.waits:
                break
            await asyncio.sleep(0.0005)
        assert not conn.waits, "a hit was never answered"
        conn.eof_received()
        conn.connection_lost(None)
        assert conn.state == OTHER
        self.look(bytes(line.written))
        assert not self.edge.core.counts.table()["failed"], "a fault of ours"

    def look(self, answers: bytes) -> None:
        at = 0
        while at < len(answers):
            head = HEAD.match(answers, at)
            assert head, answers[at : at + 200]
            where = LOCATION.search(head[0])
            assert where is None or where[1] == b"https://a.example/?b=%2F", where
            length = re.search(rb"\r\nContent-Length: (\d+)", head[0])
            at = head.end()
            body = int(length[1]) if length else 0
            if answers[at : at + body].startswith(b"HTTP/1.1 ") or not answers[at:]:
                continue  # the answer to HEAD
            assert len(answers) >= at + body
            if b"image/gif" in head[0]:
                assert answers[at : at + body] == GIF
            at += body


def seeds() -> str:
    """A folder with one plain request of each endpoint to begin with."""
    folder = Path(tempfile.mkdtemp())
    word = {words: bytes((0x80 + i,)) for i, words in enumerate(WORDS)}
    plain = word[b" HTTP/1.1\r\nHost: t\r\n\r\n"]
    form = word[b" HTTP/1.1\r\nHost: t\r\n"] + word[b"Content-Length: 13\r\n\r\nunsubscribe=1"]
    for i, target in enumerate(WORDS[: len(ENDPOINTS) + 1]):
        (folder / f"get-{i}").write_bytes(word[b"GET "] + word[target] + plain)
        (folder / f"twice-{i}").write_bytes((word[b"GET "] + word[target] + plain) * 2)
        (folder / f"cut-{i}").write_bytes(word[b"HEAD "] + word[target][:1] + bytes((CUT,)) + plain)
        (folder / f"post-{i}").write_bytes(word[b"POST "] + word[target] + form)
    return str(folder)


def main() -> None:
    atheris.Setup([*sys.argv, seeds()], Target())
    atheris.Fuzz()


if __name__ == "__main__":
    main()
