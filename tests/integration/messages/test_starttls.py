"""STARTTLS and implicit TLS with a certificate made here, at the relay and from the transport."""

import asyncio
import datetime as dt
import smtplib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from postlude.adapters.smtp_client.pool import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.app.build.smtp_server import inbound_tls
from postlude.config import load
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing
from postlude.tokens import TagPurpose
from servers.smtp_process import Folder, Starter
from servers.starts import Started

ALICE, PASSWORD = "alice@example.org", "correct horse"
RAW_MAIL = b"From: alice@example.org\r\n\r\nhello\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=365 * 60))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


async def test_with_a_certificate_passwords_need_tls(folder: Folder, relay: Starter, certificate: Path) -> None:
    def submit(port: int) -> bytes:
        with smtplib.SMTP("localhost", port, timeout=10) as client:
            client.ehlo()
            assert not client.has_extn("auth")
            assert client.docmd("AUTH PLAIN x")[0] == 538
            assert client.docmd(f"MAIL FROM:<{ALICE}>")[0] == 530
            client.starttls(context=trusting(certificate))
            client.login(ALICE, PASSWORD)
            client.sendmail(ALICE, ["bob@example.com"], RAW_MAIL)
        return b""

    async with relay(tls=server_context(certificate)) as port:
        await asyncio.to_thread(submit, port)
    (seen,) = folder.observations()
    assert b"with ESMTPSA;" in folder.spool.get(seen.message)


@pytest.mark.parametrize("policy", [TlsPolicy.STARTTLS, TlsPolicy.IMPLICIT, TlsPolicy.OPPORTUNISTIC])
async def test_the_transport_submits_over_tls(
    folder: Folder, relay: Starter, certificate: Path, policy: TlsPolicy
) -> None:
    async with relay(tls=server_context(certificate), implicit_tls=policy is TlsPolicy.IMPLICIT) as port:
        config = SmtpConfig(host="localhost", port=port, tls=policy, user=ALICE, password=PASSWORD)
        if policy is not TlsPolicy.OPPORTUNISTIC:
            config = SmtpConfig(
                host="localhost", port=port, tls=policy, user=ALICE, password=PASSWORD, context=trusting(certificate)
            )
        way = SmtpTransport(config)
        answer = await way.send(Outgoing(ALICE, "bob@example.com", RAW_MAIL), Started())
        await way.close()
    assert answer.outcome is SendOutcome.ACCEPTED, answer
    assert len(folder.observations()) == 1


async def test_a_certificate_nobody_vouches_for_is_refused(folder: Folder, relay: Starter, certificate: Path) -> None:
    async with relay(tls=server_context(certificate)) as port:
        way = SmtpTransport(SmtpConfig(host="localhost", port=port, user=ALICE, password=PASSWORD))
        answer = await way.send(Outgoing(ALICE, "bob@example.com", RAW_MAIL), Started())
        await way.close()
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.phase == "tls"
    assert folder.observations() == []


async def test_a_wrong_password_upstream_keeps_the_copy(folder: Folder, relay: Starter) -> None:
    async with relay() as port:
        way = SmtpTransport(SmtpConfig(host="localhost", port=port, tls=TlsPolicy.NONE, user=ALICE, password="no"))
        answer = await way.send(Outgoing(ALICE, "bob@example.com", RAW_MAIL), Started())
        await way.close()
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.code == 535
    assert answer.phase == "auth"
    assert folder.observations() == []


Deliver = Callable[[smtplib.SMTP, str], None]


def _in_the_clear(client: smtplib.SMTP, to: str) -> None:
    client.ehlo_or_helo_if_needed()
    assert client.has_extn("starttls")
    client.sendmail("", [to], RAW_MAIL)


def _by_tls(client: smtplib.SMTP, to: str, certificate: Path) -> None:
    client.starttls(context=trusting(certificate))
    client.ehlo_or_helo_if_needed()
    assert isinstance(client.sock, ssl.SSLSocket)
    assert not client.has_extn("starttls")
    assert not client.has_extn("auth")
    client.sendmail("", [to], RAW_MAIL)


@pytest.mark.parametrize("lmtp", [False, True])
@pytest.mark.parametrize("tls", [False, True])
async def test_the_inbound_server_offers_tls_and_does_not_insist(
    folder: Folder, inbound: Starter, certificate: Path, *, lmtp: bool, tls: bool
) -> None:
    tag = f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, 1)}@b.test"
    deliver: Deliver = partial(_by_tls, certificate=certificate) if tls else _in_the_clear

    def connect(port: int) -> None:
        with (smtplib.LMTP if lmtp else smtplib.SMTP)("localhost", port, timeout=10) as client:
            deliver(client, tag)

    async with inbound(tls=server_context(certificate), lmtp=lmtp) as port:
        await asyncio.to_thread(connect, port)
    assert [seen.rcpt_to for seen in folder.observations()] == [tag]


@pytest.mark.parametrize("lmtp", [False, True])
async def test_who_does_not_trust_the_inbound_server_may_try_again(
    folder: Folder, inbound: Starter, certificate: Path, *, lmtp: bool
) -> None:
    tag = f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, 1)}@b.test"
    kind = smtplib.LMTP if lmtp else smtplib.SMTP

    def deliver(port: int) -> None:
        with kind("localhost", port, timeout=10) as client, pytest.raises(ssl.SSLError):
            client.starttls(context=ssl.create_default_context())  # trusts others only
        with kind("localhost", port, timeout=10) as client:
            client.sendmail("", [tag], RAW_MAIL)

    async with inbound(tls=server_context(certificate), lmtp=lmtp) as port:
        await asyncio.to_thread(deliver, port)
    assert [seen.rcpt_to for seen in folder.observations()] == [tag]


def test_the_inbound_server_has_its_own_certificate_or_the_relays(tmp_path: Path, certificate: Path) -> None:
    def context(**settings: object) -> ssl.SSLContext | None:
        given = {"POSTLUDE_DATA": str(tmp_path)} | {
            f"POSTLUDE_{name.upper()}": str(value) for name, value in settings.items()
        }
        return inbound_tls(load(given))

    other = tmp_path / "wrong.pem"
    other.write_text("no certificate")
    assert context() is None
    relays = {"relay_tls_cert": certificate, "relay_tls_key": certificate}
    gateway = {
        "gateway_networks": "127.0.0.1/32",
        "gateway_domains": "example.org",
        "gateway_client_ca": certificate,
        "gateway_client_names": "smtp.example.org",
    }
    shared = context(**relays, **gateway)
    assert shared
    assert shared.verify_mode is ssl.CERT_NONE
    assert context(inbound_tls_cert=certificate, inbound_tls_key=certificate)
    with pytest.raises(ssl.SSLError):
        context(**relays, inbound_tls_cert=other, inbound_tls_key=other)


async def test_what_was_said_before_tls_is_not_taken_as_said_within(
    folder: Folder, inbound: Starter, certificate: Path
) -> None:
    to = f"bounce+{folder.codec.mint_tag(TagPurpose.BOUNCE, 1)}@b.test"

    def inject(port: int) -> bytes:
        with socket.create_connection(("localhost", port), timeout=10) as plain:
            plain.recv(1000)
            plain.sendall(b"EHLO a.test\r\n")
            plain.recv(1000)
            plain.sendall(f"STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<>\r\nRCPT TO:<{to}>\r\n".encode())
            plain.recv(1000)
            with trusting(certificate).wrap_socket(plain, server_hostname="localhost") as tls:
                tls.sendall(b"DATA\r\n")
                return tls.recv(1000)

    async with inbound(tls=server_context(certificate)) as port:
        answer = await asyncio.to_thread(inject, port)
    assert answer.startswith(b"503"), answer
    assert folder.observations() == []
