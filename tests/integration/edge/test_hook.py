"""Sending providers' calls: durable before they are answered, nothing stored without the key."""

import asyncio
import errno
import json
from pathlib import Path

from postlude.edge.config import EdgeConfig, VisitorLimits
from postlude.journal import JournalReader, JournalWriter
from postlude.journal.disk import Disk
from postlude.model.observation import Webhook, decode_observation
from postlude.tokens import KeyRing, Prefixes, TokenCodec, hook_url

from .conftest import CODEC, RunningEdge, Start, read_answer

URL = hook_url(CODEC, "", Prefixes(), "sendgrid")


def _calls(endpoint: RunningEdge) -> list[Webhook]:
    reader = JournalReader(endpoint.journal)
    found = [decode_observation(record.data) for record in reader.read({}, 1000)]
    reader.close()
    return [item for item in found if isinstance(item, Webhook)]


async def test_a_call_is_kept_as_it_came(endpoint: RunningEdge) -> None:
    body = json.dumps([{"event": "bounce", "n": i} for i in range(20_000)]).encode()
    assert len(body) > 500_000
    headers = {"X-Signature": "abc=", "Content-Type": "application/json", "Cookie": "no=thanks"}
    answer = await endpoint.ask("POST", URL, headers, body)
    assert answer.status == 200
    assert answer.body == b"Stored\n"
    [call] = _calls(endpoint)
    assert call.provider == "sendgrid"
    assert call.body == body
    assert call.headers == {"host": "t.example", "x-signature": "abc=", "content-type": "application/json"}


async def test_without_the_key_nothing_is_stored(endpoint: RunningEdge) -> None:
    key = CODEC.mint_hook("sendgrid")
    others = [f"/h/ses/{key}", "/h/sendgrid/", "/h/sendgrid", f"/h/sendgrid/{key[:-1]}", f"/h/Sendgrid/{key}", "/h/x/y"]
    for target in others:
        assert (await endpoint.ask("POST", target, body=b"{}")).status == 404
    for method, status in (("GET", 200), ("HEAD", 200), ("PUT", 405)):
        assert (await endpoint.ask(method, URL)).status == status
    assert _calls(endpoint) == []


def test_keys_of_the_ring_stay_valid() -> None:
    ring = TokenCodec(KeyRing({1: b"k" * 32, 2: b"n" * 32}, 2))
    assert ring.verify_hook("ses", CODEC.mint_hook("ses").encode())
    assert ring.mint_hook("ses") != CODEC.mint_hook("ses")
    assert not CODEC.verify_hook("ses", ring.mint_hook("ses").encode())


async def test_a_call_that_is_not_stored_is_to_be_repeated(start: Start, tmp_path: Path) -> None:
    class Full(Disk):
        def store(self, fd: int, data: bytes, offset: int) -> None:  # noqa: ARG002 - Disk's signature
            raise OSError(errno.ENOSPC, "No space left on device")

    endpoint = await start(writer=JournalWriter(tmp_path / "journal", "edge", disk=Full()))
    answer = await endpoint.ask("POST", URL, body=b"{}")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "60"
    brevo = await endpoint.ask("POST", hook_url(CODEC, "", Prefixes(), "brevo"), body=b"{}")
    assert brevo.status == 429
    assert brevo.headers["retry-after"] == "60"


async def test_its_own_limit_of_size(start: Start) -> None:
    endpoint = await start(EdgeConfig(limits=VisitorLimits(body_bytes=10, hook_bytes=100)))
    assert (await endpoint.ask("POST", URL, body=b"a" * 100)).status == 200
    assert (await endpoint.ask("POST", URL, body=b"a" * 101)).status == 413
    assert (await endpoint.ask("POST", endpoint.unsubscribe, body=b"a" * 11)).status == 413


async def test_a_client_that_waits_for_the_word_to_go_on(endpoint: RunningEdge) -> None:
    reader, writer = await endpoint.open()
    writer.write(f"POST {URL} HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".encode())
    async with asyncio.timeout(5):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"{}")
    assert (await read_answer(reader)).status == 200
    writer.close()
    assert _calls(endpoint)[0].body == b"{}"
