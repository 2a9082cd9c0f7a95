"""Quotas, trusted servers and messages by length."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest

from postlude.adapters.quota_files import QuotaFiles
from postlude.model.observation import Submitted
from postlude.model.quota import Quota
from postlude.relay import Gateway
from servers.certificates import Authority
from servers.smtp_process import Folder, Starter
from support.present import present

ALICE, PASSWORD = "alice@example.org", "correct horse"
RAW_MAIL = b"From: alice@example.org\r\nTo: bob@example.com\r\n\r\nhello\r\n"
HOME = Gateway((ip_network("127.0.0.0/8"),), ("example.org", "Example.net"))


def client(port: int) -> smtplib.SMTP:
    connection = smtplib.SMTP("127.0.0.1", port, timeout=10)
    connection.login(ALICE, PASSWORD)
    return connection


def send(port: int, to: Sequence[str] = ("bob@example.com",), times: int = 1) -> None:
    with client(port) as connection:
        for _ in range(times):
            connection.sendmail(ALICE, list(to), RAW_MAIL)


async def anybody(_sender: str) -> int:
    await asyncio.sleep(0)
    return 42


async def test_a_message_too_many_is_put_off_with_the_time_it_may_come(folder: Folder, relay: Starter) -> None:
    def too_many(port: int) -> tuple[int, bytes]:
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            send(port, times=3)
        return caught.value.smtp_code, caught.value.smtp_error

    async with relay(quota=Quota(messages_per_hour=2)) as port:
        code, text = await asyncio.to_thread(too_many, port)
    assert code == 450
    assert text.startswith(b"4.7.1 Quota: this login takes 2 messages an hour; try again after ")
    assert len(folder.observations()) == 2


async def test_recipients_too_many_are_put_off_and_the_others_get_theirs(folder: Folder, relay: Starter) -> None:
    to = [f"r{number}@example.com" for number in range(5)]

    def some(port: int) -> dict[str, tuple[int, bytes]]:
        with client(port) as connection:
            return connection.sendmail(ALICE, to, RAW_MAIL)

    async with relay(quota=Quota(recipients_per_day=3)) as port:
        refused = await asyncio.to_thread(some, port)
    assert {name: code for name, (code, _) in refused.items()} == {to[3]: 450, to[4]: 450}
    (seen,) = folder.observations()
    assert list(seen.recipients) == to[:3]


async def test_what_was_sent_before_the_restart_counts(relay: Starter) -> None:
    def refused(port: int) -> int:
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            send(port)
        return caught.value.smtp_code

    quota = Quota(recipients_per_day=1)
    async with relay(quota=quota) as port:
        await asyncio.to_thread(send, port)
    async with relay(quota=quota) as port:
        assert await asyncio.to_thread(refused, port) == 450


async def test_what_another_process_accepted_meanwhile_counts(relay: Starter, folder: Folder) -> None:
    """Also between the command MAIL, which there was room for, and the end of the message."""
    quota = Quota(messages_per_day=1)

    def refused(port: int) -> int:
        with client(port) as connection:
            connection.mail(ALICE)
            connection.rcpt("bob@example.com")
            QuotaFiles(folder.root / "quotas", folder.clock, quota).take(7, None, 1)
            return connection.data(RAW_MAIL)[0]

    async with relay(quota=quota) as port:
        assert await asyncio.to_thread(refused, port) == 450
    assert folder.observations() == []


async def test_a_refused_message_costs_no_quota(folder: Folder, relay: Starter) -> None:
    def one_bad_one_good(port: int) -> None:
        with client(port) as connection:
            with pytest.raises(smtplib.SMTPDataError):
                connection.sendmail(ALICE, ["bob@example.com"], b"From: eve@example.com\r\n\r\nx\r\n")
            connection.sendmail(ALICE, ["bob@example.com"], RAW_MAIL)

    async with relay(quota=Quota(messages_per_hour=1)) as port:
        await asyncio.to_thread(one_bad_one_good, port)
    assert len(folder.observations()) == 1


def hand_in(port: int, sender: str, raw_mail: bytes, source: str = "127.0.0.1") -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10, source_address=(source, 0)) as connection:
        connection.sendmail(sender, ["bob@example.com"], raw_mail)


async def test_a_trusted_server_needs_no_login_for_its_domains(folder: Folder, relay: Starter) -> None:
    async with relay(gateway=HOME, owner_of=anybody) as port:
        await asyncio.to_thread(hand_in, port, "someone@example.net", RAW_MAIL)
    (seen,) = folder.observations()
    assert isinstance(seen, Submitted)
    assert seen.user == 42
    assert seen.mail_from == "someone@example.net"
    assert b"X-Postlude" not in folder.spool.get(seen.message)


async def test_what_a_trusted_server_only_forwards_is_untracked(folder: Folder, relay: Starter) -> None:
    async with relay(gateway=HOME, owner_of=anybody) as port:
        await asyncio.to_thread(
            hand_in, port, "alias@example.org", RAW_MAIL.replace(b"alice@example.org", b"x@shop.test")
        )
    (seen,) = folder.observations()
    assert folder.spool.get(seen.message).startswith(b"X-Postlude-Opens: off\r\nX-Postlude-Clicks: off\r\n")


@pytest.mark.parametrize("sender", ["eve@evil.test", ""])
async def test_strangers_in_a_shared_network_find_no_open_relay(folder: Folder, relay: Starter, sender: str) -> None:
    def refused(port: int) -> int:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            hand_in(port, sender, RAW_MAIL.replace(b"alice@example.org", b"eve@evil.test"))
        return caught.value.smtp_code

    async with relay(gateway=HOME, owner_of=anybody) as port:
        assert await asyncio.to_thread(refused, port) == 550
    assert folder.observations() == []


async def test_other_networks_must_log_in(folder: Folder, relay: Starter) -> None:
    def refused(port: int) -> int:
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            hand_in(port, ALICE, RAW_MAIL, "127.0.0.2")
        return caught.value.smtp_code

    only = Gateway((ip_network("127.0.0.1/32"),), ("example.org",))
    async with relay(gateway=only, owner_of=anybody) as port:
        assert await asyncio.to_thread(refused, port) == 530
    assert folder.observations() == []


@pytest.mark.parametrize(("name", "expected"), [("smtp.gateway.test", 250), ("other.test", 530), (None, 530)])
async def test_the_certificate_decides_where_one_is_asked_for(
    relay: Starter, tmp_path: Path, name: str | None, expected: int
) -> None:
    authority = Authority(tmp_path)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(authority.certificate("localhost"))
    server.verify_mode = ssl.CERT_OPTIONAL
    server.load_verify_locations(authority.file)
    shown = ssl.create_default_context(cafile=authority.file)
    if name:
        shown.load_cert_chain(authority.certificate(name))

    def attempt(port: int) -> int:
        with smtplib.SMTP("localhost", port, timeout=10) as connection:
            connection.starttls(context=shown)
            connection.ehlo()
            return connection.docmd(f"MAIL FROM:<{ALICE}>")[0]

    gateway = Gateway(HOME.networks, HOME.domains, ("*.gateway.test",))
    async with relay(gateway=gateway, owner_of=anybody, tls=server) as port:
        assert await asyncio.to_thread(attempt, port) == expected


async def test_both_ports_share_quota_and_the_second_speaks_tls_at_once(
    folder: Folder, relay: Starter, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.certificate("localhost"))
    trusting = ssl.create_default_context(cafile=authority.file)
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature

    def both(port: int) -> int:
        with smtplib.SMTP_SSL("localhost", sock.getsockname()[1], context=trusting, timeout=10) as connection:
            connection.login(ALICE, PASSWORD)
            connection.sendmail(ALICE, ["bob@example.com"], RAW_MAIL)
        with smtplib.SMTP("localhost", port, timeout=10) as connection:
            connection.starttls(context=trusting)
            connection.login(ALICE, PASSWORD)
            return connection.docmd(f"MAIL FROM:<{ALICE}>")[0]

    async with relay(tls=context, tls_sock=sock, quota=Quota(messages_per_day=1)) as port:
        assert await asyncio.to_thread(both, port) == 450
    (seen,) = folder.observations()
    assert b"with ESMTPSA;" in folder.spool.get(seen.message)


def chunked(port: int, *chunks: bytes, last: bool = True) -> tuple[int, bytes]:
    with client(port) as connection:
        assert connection.has_extn("chunking")
        connection.mail(ALICE)
        connection.rcpt("bob@example.com")
        answer = (0, b"")
        for number, chunk in enumerate(chunks):
            end = b" LAST" if last and number == len(chunks) - 1 else b""
            present(connection.sock).sendall(b"BDAT %d%s\r\n" % (len(chunk), end) + chunk)
            answer = connection.getreply()
        assert connection.noop()[0] == 250
        return answer


async def test_a_message_in_chunks_arrives_byte_for_byte(folder: Folder, relay: Starter) -> None:
    body = b"\r\n.\r\nQUIT\r\n" * 1000
    async with relay() as port:
        code, _ = await asyncio.to_thread(chunked, port, RAW_MAIL[:20], RAW_MAIL[20:], body, b"")
    assert code == 250
    (seen,) = folder.observations()
    assert folder.spool.get(seen.message).endswith(RAW_MAIL.partition(b"\r\n\r\n")[2] + body)


async def test_chunks_too_large_or_with_bare_line_ends_are_refused(folder: Folder, relay: Starter) -> None:
    async with relay(max_message_bytes=100_000) as port:
        large, _ = await asyncio.to_thread(chunked, port, RAW_MAIL, b"x" * 99_999, b"y\r\n")
        bare, text = await asyncio.to_thread(chunked, port, RAW_MAIL + b"a\nb\r\n")
    assert large == 503
    assert bare == 550
    assert text[:6] == b"5.6.11"
    assert folder.observations() == []
