"""What clients do to a server: pieces, floods, garbage, silence."""

import asyncio
import contextlib
import struct
from pathlib import Path

import pytest

from postlude.edge import AddressForm, EdgeConfig, VisitorLimits
from postlude.edge.answer import GIF
from postlude.edge.off_loop import FilesRead

from .conftest import DESTINATION, RunningEdge, Start, read_answer


async def test_a_request_in_single_bytes(endpoint: RunningEdge) -> None:
    reader, writer = await endpoint.open()
    for byte in f"GET {endpoint.pixel} HTTP/1.1\r\nHost: t\r\n\r\n".encode():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0)
    assert (await read_answer(reader)).body == GIF
    writer.write(f"GET {endpoint.link} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
    assert (await read_answer(reader)).status == 302
    writer.close()
    assert len(endpoint.hits()) == 2


async def test_pipelined_requests_are_answered_in_order(endpoint: RunningEdge) -> None:
    reader, writer = await endpoint.open()
    targets = [endpoint.pixel, "/i/bad", endpoint.link, "/robots.txt", endpoint.pixel] * 20
    writer.write(b"".join(f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n".encode() for target in targets))
    statuses = [(await read_answer(reader)).status for _ in targets]
    assert statuses == [200, 200, 302, 200, 200] * 20
    writer.close()
    assert len(endpoint.hits()) == 60


async def test_many_on_one_connection(endpoint: RunningEdge) -> None:
    reader, writer = await endpoint.open()
    for _ in range(50):
        writer.write(f"GET {endpoint.pixel} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        assert (await read_answer(reader)).body == GIF
    writer.close()
    assert len(endpoint.hits()) == 50


@pytest.mark.parametrize(
    ("data", "status", "outcome"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400", "malformed"),
        (b"GET\r\n\r\n", b"400", "malformed"),
        (b"GET /x HTTP/9.9\r\nHost: t\r\n\r\n", b"400", "malformed"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: t\r\n\r\n", b"414", "too_large"),
        (b"GET /x HTTP/1.1\r\n" + b"X-A: " + b"b" * 20_000 + b"\r\n\r\n", b"431", "too_large"),
        (b"GET /x HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431", "too_large"),
        (b"POST /u/x HTTP/1.1\r\nContent-Length: 70000\r\n\r\n" + b"a" * 70_000, b"413", "too_large"),
        (b"GET /x HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", b"400", "malformed"),
    ],
)
async def test_what_cannot_be_a_request_ends_the_connection(
    endpoint: RunningEdge, data: bytes, status: bytes, outcome: str
) -> None:
    answer = await endpoint.raw(data)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer
    assert endpoint.counts() == {outcome: 1}
    assert (await endpoint.get(endpoint.pixel)).body == GIF


@pytest.mark.parametrize(
    ("data", "diagnosis"),
    [
        (b"GET /i/x HTTP/9.9\r\n\r\n", b"malformed"),
        (b"GET /i/" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"too-large"),
        (b"GET /i/x HTTP/1.1\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", b"too-large"),
        (b"GET /i/x HTTP/1.1\r\nno header\r\n\r\n", b"malformed"),
    ],
)
async def test_what_cannot_be_a_request_for_a_pixel_is_still_answered_with_one(
    endpoint: RunningEdge, data: bytes, diagnosis: bytes
) -> None:
    answer = await endpoint.raw(data)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"X-Postlude-Diagnosis: " + diagnosis in answer
    assert answer.endswith(GIF)
    assert endpoint.hits() == []


async def test_letters_that_came_unencoded_still_lead_there(endpoint: RunningEdge) -> None:
    where = "https://shop.example/caf\xe9"
    link = endpoint.token.join(endpoint.urls.link(1, where)).replace("%C3%A9", "\xc3\xa9")
    for headers in ({}, {"Connection": "close"}):
        assert (await endpoint.get(link, headers)).headers["location"] == "https://shop.example/caf%C3%A9"


@pytest.mark.parametrize("target", [b"/i/\xff\xfe.gif", b"/i/%ff%fe", b"/i/\xc3\xa9/\xed\xa0\x80"])
async def test_bytes_that_are_no_text(endpoint: RunningEdge, target: bytes) -> None:
    answer = await endpoint.raw(b"GET " + target + b" HTTP/1.1\r\nUser-Agent: \xff\xfe\r\nConnection: close\r\n\r\n")
    assert answer.endswith(GIF)


async def test_a_request_then_garbage(endpoint: RunningEdge) -> None:
    answer = await endpoint.raw(f"GET {endpoint.pixel} HTTP/1.1\r\nHost: t\r\n\r\n\x00garbage\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(GIF)
    assert len(endpoint.hits()) == 1


async def test_http_1_0_ends_after_the_answer(endpoint: RunningEdge) -> None:
    answer = await endpoint.raw(f"GET {endpoint.pixel} HTTP/1.0\r\n\r\n".encode())
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(GIF)


async def test_a_client_that_said_all_still_gets_its_answers(endpoint: RunningEdge) -> None:
    reader, writer = await endpoint.open()
    writer.write(f"GET {endpoint.pixel} HTTP/1.1\r\nHost: t\r\n\r\n".encode() * 3)
    writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    assert answer.count(GIF) == 3
    writer.close()


async def test_slow_and_silent_clients_do_not_hold_others(start: Start) -> None:
    endpoint = await start(EdgeConfig(limits=VisitorLimits(request_seconds=1, idle_seconds=1)))
    slow = [await endpoint.open() for _ in range(50)]
    for _, writer in slow[:25]:
        writer.write(b"GET /i/x HTTP/1.1\r\nX: ")
    began = asyncio.get_running_loop().time()
    assert (await endpoint.get(endpoint.pixel)).body == GIF
    assert asyncio.get_running_loop().time() - began < 0.5
    async with asyncio.timeout(10):
        answers = [await reader.read() for reader, _ in slow]
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers[:25])
    assert answers[25:] == [b""] * 25
    for _, writer in slow:
        writer.close()
    assert endpoint.counts()["too_slow"] == 25


async def test_an_address_has_its_share_of_connections(start: Start) -> None:
    endpoint = await start(EdgeConfig(limits=VisitorLimits(connections_per_address=2)))
    held = [
        await asyncio.open_connection("127.0.0.1", endpoint.edge.port, local_addr=("127.0.0.2", 0)) for _ in range(3)
    ]
    try:
        assert (await held[2][0].readline()).startswith(b"HTTP/1.1 503")
        assert (await endpoint.get(endpoint.pixel)).body == GIF
        held[0][1].close()
        await asyncio.sleep(0.05)
        held.append(await asyncio.open_connection("127.0.0.1", endpoint.edge.port, local_addr=("127.0.0.2", 0)))
        held[3][1].write(b"GET /i/x HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await held[3][0].readline()).startswith(b"HTTP/1.1 200")
    finally:
        for _, writer in held:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def test_one_connection_too_many(start: Start) -> None:
    endpoint = await start(EdgeConfig(limits=VisitorLimits(connections=2)))
    held = [await endpoint.open() for _ in range(2)]
    for _, writer in held:
        writer.write(b"GET /i/")
    await asyncio.sleep(0.05)
    assert (await endpoint.raw(b"GET /i/x HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 503")
    for _, writer in held:
        writer.close()
        await writer.wait_closed()
    await asyncio.sleep(0.05)
    assert (await endpoint.get(endpoint.pixel)).body == GIF


async def test_half_requests_that_take_every_place_keep_nobody_out(start: Start) -> None:
    endpoint = await start(EdgeConfig(limits=VisitorLimits(connections=3)))
    held = [await endpoint.open() for _ in range(3)]
    for _, writer in held:
        writer.write(b"GET /i/")
    await asyncio.sleep(0.05)
    endpoint.edge.tick += 2  # two seconds later
    assert (await endpoint.get(endpoint.pixel)).body == GIF
    answered = [await _still_answered(reader, writer) for reader, writer in held]
    assert answered.count(True) == len(held) - 1  # only as many were ended as were needed


async def _still_answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the other half of a request gets an answer."""
    try:
        writer.write(b"x HTTP/1.1\r\nHost: x\r\n\r\n")
        return (await read_answer(reader)).status == 200
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_forwarded_addresses_are_believed_from_listed_networks_only(start: Start) -> None:
    for proxies, expected in (((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.9")):
        endpoint = await start(EdgeConfig(proxies=proxies, address_form=AddressForm.FULL))
        forwarded = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9, 127.0.0.3", "X-Forwarded-Proto": "https"}
        await endpoint.get(endpoint.pixel, forwarded)
        assert endpoint.hits()[-1].address == expected
        assert endpoint.hits()[-1].facts.get("line") == ("forwarded https" if proxies else None)
        await endpoint.edge.close()
        endpoint.edge._writer.close()


@pytest.mark.parametrize(
    "line",
    [
        b"PROXY TCP4 203.0.113.9 127.0.0.1 5 80\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11"
        + struct.pack(">H", 12)
        + bytes([203, 0, 113, 9, 127, 0, 0, 1])
        + struct.pack(">HH", 5, 80),
    ],
)
async def test_proxy_lines(start: Start, line: bytes) -> None:
    config = EdgeConfig(proxies=("127.0.0.1",), proxy_protocol=True, address_form=AddressForm.FULL)
    endpoint = await start(config)
    request = f"GET {endpoint.pixel} HTTP/1.1\r\nConnection: close\r\n\r\n".encode()
    assert (await endpoint.raw(line + request)).endswith(GIF)
    assert endpoint.hits()[0].address == "203.0.113.9"
    assert endpoint.hits()[0].facts == {"line": "proxied"}
    assert (await endpoint.raw(request)).startswith(b"HTTP/1.1 400")


async def test_a_unix_socket(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "edge.sock"
    endpoint = await start(EdgeConfig(unix_path=path, proxies=("unix",), address_form=AddressForm.FULL))
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(f"GET {endpoint.pixel} HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n".encode())
    assert (await read_answer(reader)).body == GIF
    writer.close()
    assert endpoint.hits()[0].address == "203.0.113.9"


async def test_many_hits_from_one_address_are_marked_never_refused(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = await start(EdgeConfig(limits=VisitorLimits(hits_per_minute=3)))
    monkeypatch.setattr(endpoint.edge.core.visitors, "refresh", lambda _: None)  # the minute stands still
    for _ in range(5):
        assert (await endpoint.get(endpoint.pixel)).body == GIF
    assert [hit.facts.get("rate", "") for hit in endpoint.hits()] == ["", "", "", "high", "high"]


async def test_facts_of_the_raw_address_are_asked_before_it_is_cut(start: Start) -> None:
    endpoint = await start(EdgeConfig(address_facts=lambda address: {"network": "home:" + address}))
    await endpoint.get(endpoint.pixel)
    assert endpoint.hits()[0].facts == {"network": "home:127.0.0.1"}
    assert endpoint.hits()[0].address == "127.0.0.0"


async def test_a_fault_of_ours_is_counted_and_answered(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("broken")

    monkeypatch.setattr(FilesRead, "get", broken)
    endpoint = await start(EdgeConfig(views=tmp_path))
    answer = await endpoint.get(endpoint.view)
    assert answer.status == 500
    assert endpoint.counts() == {"failed": 1}
    assert (await endpoint.get(endpoint.link)).headers["location"] == DESTINATION


@pytest.mark.parametrize("first", [0, 20], ids=["nothing", "half of it"])
async def test_who_was_only_just_accepted_at_the_end_is_answered(endpoint: RunningEdge, first: int) -> None:
    request = f"GET {endpoint.pixel} HTTP/1.1\r\nHost: t.example\r\nConnection: close\r\n\r\n".encode()
    reader, writer = await endpoint.open()
    writer.write(request[:first])
    ending = asyncio.create_task(endpoint.edge.close())
    await asyncio.sleep(0.1)
    writer.write(request[first:])
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    await ending
    writer.close()
