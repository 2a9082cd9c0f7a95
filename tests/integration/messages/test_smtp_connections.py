"""Who may hold a connection to the SMTP servers, for how long, and what one of them may send."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import ClassVar

import pytest

from postlude.adapters.smtp_server import serve
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.message_buffers import MessageBuffers
from postlude.mail.limits import HEAD_BYTES
from postlude.model.errors import StorageError
from postlude.model.login import Login
from postlude.tokens import TagPurpose
from servers.certificates import Authority
from servers.smtp_process import Folder, Starter
from servers.waiting import until

ALICE, PASSWORD = "alice@example.org", "correct horse"
RAW_MAIL = b"From: alice@example.org\r\nTo: bob@example.com\r\n\r\nhello\r\n"


class Client:
    """A connection that says what it is told to."""

    made: ClassVar[list["Client"]] = []

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))
        self._file = self._socket.makefile("rb")
        self.made.append(self)

    def reply(self) -> str:
        """The next reply's last line; empty when the connection is closed."""
        while line := self._file.readline():
            if line[3:4] != b"-":
                return line.decode().rstrip()
        return ""

    def say(self, line: str) -> str:
        self._socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@pytest.fixture(autouse=True)
def clients() -> Iterator[None]:
    """All connections are closed after a test."""
    yield
    while Client.made:
        Client.made.pop().close()


def greeted(port: int, source: str = "127.0.0.1") -> tuple[Client, str]:
    client = Client(port, source)
    return client, client.reply()


def only_greeted(port: int) -> Client:
    client, _ = greeted(port)
    return client


def logged_in(port: int, source: str = "127.0.0.1") -> Client:
    client, _ = greeted(port, source)
    client.say("EHLO x")
    client.say("AUTH LOGIN YWxpY2VAZXhhbXBsZS5vcmc=")
    assert client.say("Y29ycmVjdCBob3JzZQ==").startswith("235")
    return client


async def many(port: int, count: int, source: str = "127.0.0.1") -> list[tuple[Client, str]]:
    return [await asyncio.to_thread(greeted, port, source) for _ in range(count)]


@asynccontextmanager
async def both(relay: Starter, inbound: Starter, **settings: object) -> AsyncIterator[Sequence[int]]:
    async with relay(**settings) as one, inbound(**settings) as other:
        yield one, other


async def test_an_address_has_its_share_of_connections(relay: Starter, inbound: Starter) -> None:
    async with both(relay, inbound, connections_per_address=3) as ports:
        for port in ports:
            replies = [reply[:3] for _, reply in await many(port, 5)]
            assert replies == ["220", "220", "220", "421", "421"]


async def test_another_address_is_greeted_all_the_same(relay: Starter) -> None:
    async with relay(connections_per_address=3) as port:
        await many(port, 5)
        (_, reply), *_ = await many(port, 1, "127.0.0.2")
    assert reply.startswith("220")


async def test_trusted_servers_have_no_share(relay: Starter) -> None:
    async with relay(connections_per_address=1, trusted_networks=(ip_network("127.0.0.0/8"),)) as port:
        assert [reply[:3] for _, reply in await many(port, 5)] == ["220"] * 5


async def test_an_idle_connection_makes_room_where_all_places_are_taken(relay: Starter, inbound: Starter) -> None:
    async with both(relay, inbound, connections=3) as ports:
        for port in ports:
            held = await many(port, 6)
            assert [reply[:3] for _, reply in held] == ["220"] * 6
            assert (await asyncio.to_thread(held[0][0].reply)).startswith("421 4.7.0")


async def test_who_has_logged_in_makes_room_for_nobody(relay: Starter) -> None:
    async with relay(connections=2) as port:
        working = [await asyncio.to_thread(logged_in, port) for _ in range(2)]
        (_, reply), *_ = await many(port, 1)
        assert reply.startswith("421")
        assert [(await asyncio.to_thread(client.say, "NOOP"))[:3] for client in working] == ["250", "250"]


async def test_a_connection_that_ended_gives_its_place_back(relay: Starter) -> None:
    async with relay(connections_per_address=1) as port:
        for _ in range(20):
            (client, reply), *_ = await many(port, 1)
            assert reply.startswith("220")
            await asyncio.to_thread(client.say, "QUIT")
            await asyncio.to_thread(client.reply)
            client.close()


async def test_who_says_nothing_is_told_and_cut_off(relay: Starter, inbound: Starter) -> None:
    async with both(relay, inbound, greeting_timeout_s=0.2) as ports:
        for port in ports:
            (client, _), *_ = await many(port, 1)
            assert (await asyncio.to_thread(client.reply)).startswith("421 4.4.2")
            assert await asyncio.to_thread(client.reply) == ""


async def test_half_a_command_counts_as_nothing(relay: Starter) -> None:
    async with relay(greeting_timeout_s=0.2) as port:
        (client, _), *_ = await many(port, 1)
        client.send(b"EHL")
        assert (await asyncio.to_thread(client.reply)).startswith("421 4.4.2")


def send_on_and_on(client: Client) -> None:
    for _ in range(1000):
        client.send(b"a" * 16_384)


async def test_a_command_that_never_ends_is_cut_off(relay: Starter, inbound: Starter) -> None:
    async with both(relay, inbound) as ports:
        for port in ports:
            (client, _), *_ = await many(port, 1)
            with pytest.raises(ConnectionError):
                await asyncio.to_thread(send_on_and_on, client)


async def test_who_idles_without_a_login_is_cut_off_sooner(relay: Starter) -> None:
    async with relay(idle_timeout_s=0.2) as port:
        worker = await asyncio.to_thread(logged_in, port)
        (client, _), *_ = await many(port, 1)
        await asyncio.to_thread(client.say, "EHLO x")
        assert (await asyncio.to_thread(client.reply)).startswith("421 4.4.2")
        assert (await asyncio.to_thread(worker.say, "NOOP")).startswith("250")


async def test_small_talk_keeps_no_connection_for_ever(relay: Starter, inbound: Starter) -> None:
    async with both(relay, inbound, idle_session_s=0.6) as ports:
        for port in ports:
            (client, _), *_ = await many(port, 1)
            reported = ["250"]
            while reported[-1].startswith("250"):
                reported.append(await asyncio.to_thread(client.say, "RSET" if len(reported) > 1 else "EHLO x"))
            assert reported[-1].startswith("421") or not reported[-1]


async def test_a_handshake_that_never_comes_counts_as_a_connection(relay: Starter, tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(Authority(tmp_path).certificate("localhost"))
    async with relay(tls=context, implicit_tls=True, connections_per_address=2) as port:
        clients = [await asyncio.to_thread(Client, port) for _ in range(4)]
        assert [await asyncio.to_thread(client.reply) for client in clients[2:]] == ["", ""]


async def test_handshakes_that_never_come_keep_out_nobody(relay: Starter, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.certificate("localhost"))
    async with relay(tls=context, implicit_tls=True, connections=3) as port:
        silent = [await asyncio.to_thread(Client, port, "127.0.0.2") for _ in range(3)]
        trust = ssl.create_default_context(cafile=str(authority.file))
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
        assert (await reader.readline()).startswith(b"220")
        writer.close()
        assert await asyncio.to_thread(silent[0].reply) == ""


@pytest.mark.parametrize(
    "head",
    [b"A: b\r\n" * 4_000_000, b"X: " + b"a" * (HEAD_BYTES + 1) + b"\r\n", b"A: b\r\n" * 1_001],
    ids=["22 MB of fields", "one long field", "a thousand fields"],
)
async def test_a_head_beyond_the_limits_is_refused_and_stops_nobody(
    folder: Folder, relay: Starter, inbound: Starter, head: bytes
) -> None:
    mail = b"From: alice@example.org\r\n" + head + b"\r\nx\r\n"
    bounce = f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, 7)}@r.example.org"
    async with both(relay, inbound) as ports:
        for port, start, to in zip(ports, (logged_in, only_greeted), ("bob@example.com", bounce), strict=True):
            client = await asyncio.to_thread(start, port)
            sending = asyncio.create_task(asyncio.to_thread(deliver, client, to, mail))
            for _ in range(5):  # each is given up after ten seconds
                other, greeting = await asyncio.to_thread(greeted, port, "127.0.0.3")
                assert greeting.startswith("220")
                other.close()
            assert (await sending).startswith("552 5.3.4 The header")
    assert folder.observations() == []


def deliver(client: Client, to: str, mail: bytes) -> str:
    client.say("EHLO x")
    client.say(f"MAIL FROM:<{ALICE}>")
    client.say(f"RCPT TO:<{to}>")
    client.say("DATA")
    client.send(mail + b".\r\n")
    return client.reply()


async def test_a_login_holds_on_when_ehlo_is_followed_by_helo(relay: Starter) -> None:
    async with relay() as port:
        (client, _), *_ = await many(port, 1)
        await asyncio.to_thread(client.say, "EHLO x")
        await asyncio.to_thread(client.say, "HELO x")
        await asyncio.to_thread(client.say, "AUTH LOGIN YWxpY2VAZXhhbXBsZS5vcmc=")
        assert (await asyncio.to_thread(client.say, "Y29ycmVjdCBob3JzZQ==")).startswith("235")


async def test_a_login_before_any_greeting_is_refused(relay: Starter) -> None:
    async with relay() as port:
        (client, _), *_ = await many(port, 1)
        assert (await asyncio.to_thread(client.say, "AUTH PLAIN AA==")).startswith("503")


@pytest.mark.parametrize("name", ["Sender", "Resent-From", "Resent-Sender"])
async def test_every_field_that_names_an_author_is_the_logins_own(folder: Folder, relay: Starter, name: str) -> None:
    mail = f"{name}: boss@example.org\r\n".encode() + RAW_MAIL
    async with relay() as port:
        client = await asyncio.to_thread(logged_in, port)
        reply = await asyncio.to_thread(deliver, client, "bob@example.com", mail)
    assert reply.startswith("550 5.7.1")
    assert folder.observations() == []


async def test_an_author_field_that_cannot_be_read_is_refused(relay: Starter) -> None:
    mail = b"Sender: " + b"(" * 20_000 + b" boss@example.org\r\n" + RAW_MAIL
    async with relay() as port:
        client = await asyncio.to_thread(logged_in, port)
        assert (await asyncio.to_thread(deliver, client, "bob@example.com", mail)).startswith("554 5.6.0 The Sender")


class Noticed(MessageBuffers):
    """Counts what found room."""

    taken = 0

    def take(self, size: int) -> bool:
        found = super().take(size)
        Noticed.taken += size if found else 0
        return found


async def test_mail_beyond_what_a_server_holds_is_asked_to_come_later(
    folder: Folder, relay: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "MessageBuffers", Noticed)
    Noticed.taken = 0
    mail = RAW_MAIL + b"x" * 70 + b"\r\n" + b"y" * 3_000_000 + b"\r\n"
    async with relay(buffered_bytes=4_000_000) as port:
        first, second = [await asyncio.to_thread(logged_in, port) for _ in range(2)]
        for client in (first, second):
            for line in ("EHLO x", f"MAIL FROM:<{ALICE}>", "RCPT TO:<bob@example.com>", "DATA"):
                await asyncio.to_thread(client.say, line)
        await asyncio.to_thread(first.send, mail)
        await until("it to be read", lambda: Noticed.taken > 2_500_000)
        await asyncio.to_thread(second.send, mail + b".\r\n")
        assert (await asyncio.to_thread(second.reply)).startswith("452 4.3.1")
        assert (await asyncio.to_thread(first.say, ".")).startswith("250")
        assert (await asyncio.to_thread(deliver, second, "bob@example.com", mail)).startswith("250")
    assert len(folder.observations()) == 2


async def test_parts_of_a_mail_to_nobody_are_not_kept(relay: Starter, inbound: Starter) -> None:
    async with both(relay, inbound) as ports:
        for port in ports:
            (client, _), *_ = await many(port, 1)
            await asyncio.to_thread(client.say, "EHLO x")
            await asyncio.to_thread(client.say, "MAIL FROM:<>")
            await asyncio.to_thread(client.send, b"BDAT 5000000\r\n" + bytes(5_000_000))
            assert (await asyncio.to_thread(client.reply)).startswith("503 5.5.1")


async def test_parts_of_mail_have_one_memory_with_whole_mail(relay: Starter) -> None:
    async with relay(buffered_bytes=1_500_000) as port:
        clients = [await asyncio.to_thread(logged_in, port) for _ in range(2)]
        for client in clients:
            await asyncio.to_thread(client.say, "MAIL FROM:<alice@example.org>")
            await asyncio.to_thread(client.say, "RCPT TO:<bob@example.com>")
        part = b"BDAT 1000000\r\n" + b"a" * 1_000_000
        replies = []
        for client in clients:
            await asyncio.to_thread(client.send, part)
            replies.append((await asyncio.to_thread(client.reply))[:3])
        assert replies == ["250", "452"]
        assert (await asyncio.to_thread(clients[0].say, "RSET")).startswith("250")  # and what it held is given back
        await asyncio.to_thread(clients[1].say, "MAIL FROM:<alice@example.org>")
        await asyncio.to_thread(clients[1].say, "RCPT TO:<bob@example.com>")
        await asyncio.to_thread(clients[1].send, part)
        assert (await asyncio.to_thread(clients[1].reply)).startswith("250")
        clients[1].close()
        await asyncio.sleep(0.15)
        await asyncio.to_thread(clients[0].say, "MAIL FROM:<alice@example.org>")
        await asyncio.to_thread(clients[0].say, "RCPT TO:<bob@example.com>")
        await asyncio.to_thread(clients[0].send, b"BDAT %d LAST\r\n" % len(RAW_MAIL) + RAW_MAIL)
        assert (await asyncio.to_thread(clients[0].reply)).startswith("250")


async def test_who_only_talks_is_cut_off_and_who_brings_mail_is_not(relay: Starter, inbound: Starter) -> None:
    async with both(relay, inbound) as ports:
        for port in ports:
            (client, _), *_ = await many(port, 1)
            await asyncio.to_thread(client.say, "EHLO x")
            replies: list[str] = []
            while not replies or replies[-1].startswith("250"):
                replies.append(await asyncio.to_thread(client.say, "NOOP"))
            assert 190 < len(replies) < 210
            assert replies[-1].startswith("421 4.7.0")
        client = await asyncio.to_thread(logged_in, ports[0])
        assert (await asyncio.to_thread(lambda: [client.say("NOOP") for _ in range(300)]))[-1].startswith("250")


async def test_a_mail_in_a_hundred_thousand_parts_is_taken_in_one_go(relay: Starter) -> None:
    """Each part costs the same, however many came before: else this would take minutes."""
    async with relay() as port:
        client = await asyncio.to_thread(logged_in, port)
        await asyncio.to_thread(client.say, f"MAIL FROM:<{ALICE}>")
        await asyncio.to_thread(client.say, "RCPT TO:<bob@example.com>")

        def parts() -> str:
            for _ in range(100):
                client.send(b"BDAT 0\r\n" * 1_000)
                assert [client.reply()[:3] for _ in range(1_000)] == ["250"] * 1_000
            client.send(b"BDAT %d LAST\r\n" % len(RAW_MAIL) + RAW_MAIL)
            return client.reply()

        assert (await asyncio.wait_for(asyncio.to_thread(parts), 60)).startswith("250")


async def test_who_named_a_recipient_and_only_talks_is_cut_off_too(folder: Folder, inbound: Starter) -> None:
    recipient = f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, 7)}@r.example.org"
    async with inbound() as port:
        (client, _), *_ = await many(port, 1)
        await asyncio.to_thread(client.say, "EHLO x")
        await asyncio.to_thread(client.say, "MAIL FROM:<>")
        assert (await asyncio.to_thread(client.say, f"RCPT TO:<{recipient}>")).startswith("250")

        def talk() -> list[str]:
            client.send(b"BDAT 0\r\n" * 1_000)
            return [reply for _ in range(1_000) if (reply := client.reply())]

        replies = await asyncio.to_thread(talk)
    assert 100 < len(replies) < 300
    assert replies[-1].startswith("421 4.7.0")


@pytest.mark.parametrize("size", ["²", "9" * 5_000, "-1", "1e3"])
async def test_a_size_that_is_no_number_is_refused_as_such(inbound: Starter, size: str) -> None:
    async with inbound() as port:
        (client, _), *_ = await many(port, 1)
        await asyncio.to_thread(client.say, "EHLO x")
        assert (await asyncio.to_thread(client.say, f"MAIL FROM:<> SIZE={size}")).startswith("501 5.5.4")


async def test_a_malformed_sender_that_shows_somebody_else_is_refused(relay: Starter) -> None:
    async with relay() as port:
        client = await asyncio.to_thread(logged_in, port)
        for sender in (f"{ALICE}, boss@example.org@", f"boss@example.org@ <{ALICE}>", f'{ALICE} "boss@example.org'):
            await asyncio.to_thread(client.say, f"MAIL FROM:<{ALICE}>")
            await asyncio.to_thread(client.say, "RCPT TO:<bob@example.com>")
            raw = f"From: {sender}\r\n\r\nx\r\n".encode()
            await asyncio.to_thread(client.send, b"BDAT %d LAST\r\n" % len(raw) + raw)
            assert (await asyncio.to_thread(client.reply)).startswith("550 5.7.1")


@pytest.fixture
def later(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Moves the clock by so many seconds."""

    def move(seconds: int) -> None:
        before = folder.clock.now
        monkeypatch.setattr(folder.clock, "now", lambda: before() + seconds * MICROS_PER_SECOND)

    return move


async def test_a_login_that_ends_ends_on_the_connections_it_has(relay: Starter, later: Callable[[int], None]) -> None:
    """Its app password is revoked, its user disabled, a sender taken away: from a second later on."""
    known: list[Login | None] = [Login(7, (ALICE, "shop@example.org"))]

    async def check(_login: str, _password: str) -> Login | None:
        await asyncio.sleep(0)
        return known[-1]

    async with relay(check=check) as port:
        client = await asyncio.to_thread(logged_in, port)
        assert (await asyncio.to_thread(client.say, "MAIL FROM:<shop@example.org>")).startswith("250")
        await asyncio.to_thread(client.say, "RSET")
        known.append(Login(7, (ALICE,)))
        later(2)
        assert (await asyncio.to_thread(client.say, "MAIL FROM:<shop@example.org>")).startswith("550 5.7.1")
        assert (await asyncio.to_thread(client.say, f"MAIL FROM:<{ALICE}>")).startswith("250")
        await asyncio.to_thread(client.say, "RCPT TO:<bob@example.com>")
        known.append(None)
        later(2)
        client.send(b"BDAT %d LAST\r\n" % len(RAW_MAIL) + RAW_MAIL)
        assert (await asyncio.to_thread(client.reply)).startswith("530 5.7.0")
        assert (await asyncio.to_thread(client.say, f"MAIL FROM:<{ALICE}>")).startswith("530 5.7.0")


async def test_a_login_goes_on_while_it_cannot_be_checked_again(relay: Starter, later: Callable[[int], None]) -> None:
    asked: list[str] = []

    async def check(login: str, _password: str) -> Login | None:
        await asyncio.sleep(0)
        asked.append(login)
        if len(asked) > 1:
            raise StorageError("the database is away")
        return Login(7, (ALICE,))

    async with relay(check=check) as port:
        client = await asyncio.to_thread(logged_in, port)
        later(2)
        assert (await asyncio.to_thread(client.say, f"MAIL FROM:<{ALICE}>")).startswith("250")
    assert len(asked) == 2
