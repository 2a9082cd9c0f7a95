"""Every request that can be spelled has one outcome and one well-formed answer, whichever pieces it comes in."""

import asyncio
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from postlude.edge import Edge, EdgeConfig
from postlude.edge.answer import GIF
from postlude.edge.connection import Connection
from postlude.journal import JournalWriter
from postlude.tokens import Kind, Prefixes, Urls, hook_url
from support.present import present
from support.properties import examples

from .conftest import CODEC, COPY, DESTINATION, MESSAGE

URLS = Urls(CODEC, "", Kind.MESSAGE, MESSAGE)
READ, ACT = URLS.tokens(COPY)
GENUINE = [
    *(READ.join(parts) for parts in (URLS.pixel(), URLS.link(2, DESTINATION))),
    *(ACT.join(parts) for parts in (URLS.unsubscribe(), URLS.preferences(), URLS.view())),
]
HOOK = hook_url(CODEC, "", Prefixes(), "ses")
FIXED = ["/", "/robots.txt", "/favicon.ico", "/healthz", "/.well-known/assetlinks.json", "/nothing", HOOK, "/h/ses/x"]
METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"]
PIECES = [
    "",
    "/",
    "//",
    "%2e%2e",
    "..",
    "%",
    "%00",
    "%252F",
    "?a=1",
    "?",
    "&amp;",
    ".",
    "%3E",
    "\u00e9",
    "\x01",
    "a" * 40,
]
STATUSES = {200, 204, 302, 400, 404, 405, 410, 413, 414, 431}


def _changed(target: str, piece: str, at: int) -> str:
    at %= len(target) + 1
    return target[:at] + piece + target[at:]


TARGETS = st.sampled_from([*GENUINE, *FIXED]) | st.builds(
    _changed, st.sampled_from(GENUINE), st.sampled_from(PIECES), st.integers(0, 300)
)
HEADERS = st.dictionaries(
    st.sampled_from(["User-Agent", "Accept-Language", "Purpose", "Range", "X-Forwarded-For", "Content-Type", "X-A"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30),
    max_size=4,
)
BODIES = st.sampled_from(
    ["", "unsubscribe=1", "List-Unsubscribe=One-Click", "preferences=1&opens=1", "x" * 500, "%%%&&"]
)


class Line(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def get_extra_info(self, name: str, default: object = None) -> object:
        return {"peername": ("203.0.113.9", 1), "sockname": ("203.0.113.1", 80)}.get(name, default)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        """Nothing to close."""

    abort = pause_reading = resume_reading = close

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Everything is taken at once."""

    def get_write_buffer_size(self) -> int:
        return 0


class Asked:
    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.writer = JournalWriter(folder, "edge")
        self.edge = self.loop.run_until_complete(self._make())

    async def _make(self) -> Edge:
        return Edge(EdgeConfig(port=0), CODEC, self.writer)

    def total(self) -> int:
        return sum(self.edge.core.counts.table().values())

    async def send(self, pieces: list[bytes]) -> bytes:
        line = Line()
        conn = Connection(self.edge)
        conn.connection_made(line)
        for piece in pieces:
            conn.data_received(piece)
        while conn.waits:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.0002)
        conn.connection_lost(None)
        return line.written


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    one = Asked(tmp_path_factory.mktemp("asked"))
    yield one
    one.writer.close()
    one.loop.close()


@settings(examples(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("GET", _changed(GENUINE[0], "\u00e9", 3), {}, "", [4])
@given(st.sampled_from(METHODS), TARGETS, HEADERS, BODIES, st.lists(st.integers(0, 600), max_size=3))
def test_one_outcome_one_answer(  # noqa: PLR0917 - one strategy each
    asked: Asked, method: str, target: str, headers: dict[str, str], body: str, cuts: list[int]
) -> None:
    lines = [f"{method} {target} HTTP/1.1", "Host: t", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    data = ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1")
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(data)), len(data)]
    before = asked.total()
    answer = asked.loop.run_until_complete(asked.send([data[a:b] for a, b in pairwise(edges)]))
    head, _, content = answer.partition(b"\r\n\r\n")
    status = present(re.fullmatch(rb"HTTP/1\.1 (\d{3}) [A-Za-z ]+", head.split(b"\r\n")[0]))
    length = re.search(rb"\r\nContent-Length: (\d+)", head)
    where = re.search(rb"\r\nLocation: (.*)", head)
    assert asked.total() == before + 1
    assert int(status[1]) in STATUSES
    assert method == "HEAD" or len(content) == (int(length[1]) if length else 0)
    assert (where is not None) == (status[1] == b"302")
    assert where is None or where[1].strip() == DESTINATION.encode()
    assert content == GIF or not (target.startswith("/i/") and method == "GET")
