"""IMAP servers that say too much, or too slowly, from the greeting on."""

import time
from collections.abc import Iterator

import pytest
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped] # it has no types

from postlude.adapters.imap_connection import BoundedClient
from servers.imap_script import ScriptedImap, body


def scripted() -> ScriptedImap:
    return ScriptedImap(lambda _first, _last: [3], lambda uid: body(uid, b"mail"))


def talk(server: ScriptedImap, timeout_s: float = 5) -> object:
    """All that a look at a folder says."""
    client = BoundedClient("127.0.0.1", server.port, tls=None, timeout_s=timeout_s)
    try:
        client.login("alice", "secret")
        client.trust(1000)
        client.select_folder("INBOX", readonly=True)
        return client.fetch([3], ["BODY.PEEK[]<0.1000>"])[3][b"BODY[]<0>"]
    finally:
        client.shutdown()


def endless(piece: bytes, pause_s: float = 0.0) -> Iterator[bytes]:
    while True:
        time.sleep(pause_s)
        yield piece


def test_what_was_asked_for_is_read() -> None:
    with scripted() as server:
        assert talk(server) == b"mail"


@pytest.mark.parametrize("command", ["", "CAPABILITY", "LOGIN"])
@pytest.mark.parametrize("piece", [b"* OK " + b"x" * 900 + b"\r\n", b"x" * 900], ids=["lines", "one line"])
def test_a_stranger_is_not_listened_to_for_long(command: str, piece: bytes) -> None:
    with scripted() as server:
        server.says[command] = endless(piece)
        with pytest.raises(IMAPClientError, match="more than 65,536 bytes for one command"):
            talk(server)


def test_a_line_without_an_end_is_not_kept() -> None:
    with scripted() as server:
        server.says["EXAMINE"] = endless(b"x" * 900)
        with pytest.raises(IMAPClientError, match="a line of more than 1,000,000 bytes"):
            talk(server)


@pytest.mark.parametrize("command", ["", "CAPABILITY", "LOGIN", "EXAMINE", "UID"])
def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(command: str) -> None:
    with scripted() as server:
        server.says[command] = endless(b"x", 0.05)
        with pytest.raises(OSError, match=r"s for one answer|timed out"):
            talk(server, timeout_s=0.5)


def test_a_large_answer_that_comes_steadily_is_waited_for() -> None:
    piece, pieces = b"* OK " + b"x" * 16_000 + b"\r\n", 20
    with scripted() as server:
        server.says["EXAMINE"] = (part for _ in range(pieces) for part in _late(piece, 0.05))
        assert talk(server, timeout_s=0.5) == b"mail"


def _late(piece: bytes, pause_s: float) -> Iterator[bytes]:
    time.sleep(pause_s)
    yield piece
