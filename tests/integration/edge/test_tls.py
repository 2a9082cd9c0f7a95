import asyncio
import datetime as dt
import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from postlude.edge import Edge, EdgeConfig, VisitorLimits
from postlude.edge.answer import GIF
from postlude.journal import JournalWriter
from postlude.model.errors import SettingError

from .conftest import CODEC, Start, read_answer

LONG_AGO, FAR_AWAY = dt.datetime(2020, 1, 1), dt.datetime(2099, 1, 1)  # noqa: DTZ001 - x509 takes UTC


def certificate(folder: Path, name: str) -> EdgeConfig:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(LONG_AGO).not_valid_after(FAR_AWAY)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(private)
    return EdgeConfig(tls_cert=folder / "cert.pem", tls_key=folder / "key.pem")


async def _served_name(port: int, target: str) -> tuple[bytes, bytes]:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
    body = (await read_answer(reader)).body
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return body, der


async def test_tls_in_process_and_a_certificate_that_changes(start: Start, tmp_path: Path) -> None:
    endpoint = await start(certificate(tmp_path, "one.example"))
    body, der = await _served_name(endpoint.edge.port, endpoint.pixel)
    assert body == GIF
    assert b"one.example" in der
    assert endpoint.hits()[0].facts == {"line": "TLSv1.3"}
    (tmp_path / "cert.pem").write_text("half a certificate")
    endpoint.edge._certificate.refresh()
    assert b"one.example" in (await _served_name(endpoint.edge.port, endpoint.pixel))[1]
    certificate(tmp_path, "two.example")
    os.utime(tmp_path / "cert.pem", (1, 1))
    endpoint.edge._certificate.refresh()
    assert b"two.example" in (await _served_name(endpoint.edge.port, endpoint.pixel))[1]


async def test_handshakes_that_never_come_keep_out_nobody(start: Start, tmp_path: Path) -> None:
    config = certificate(tmp_path, "one.example")._replace(limits=VisitorLimits(connections=3))
    endpoint = await start(config)
    silent = [await asyncio.open_connection("127.0.0.1", endpoint.edge.port) for _ in range(3)]
    body, _ = await _served_name(endpoint.edge.port, endpoint.pixel)
    assert body == GIF
    assert await silent[0][0].read() == b""
    for _, writer in silent:
        writer.close()


async def test_a_bad_certificate_stops_the_start(start: Start, tmp_path: Path) -> None:
    config = certificate(tmp_path, "one.example")
    (tmp_path / "key.pem").write_text("no key")
    with pytest.raises(SettingError, match="TLS certificate"):
        await start(config)


async def test_two_edges_share_a_port(start: Start, tmp_path: Path) -> None:
    endpoint = await start()
    writer = JournalWriter(tmp_path / "journal", "edge-2")
    other = Edge(EdgeConfig(port=endpoint.edge.port), CODEC, writer)
    await other.listen()
    for _ in range(60):
        assert (await endpoint.get(endpoint.pixel)).body == GIF
    mine, others = (edge.core.counts.table()["stored"] for edge in (endpoint.edge, other))
    assert mine + others == 60
    assert others > 0
    assert len(endpoint.hits()) == 60
    await other.close()
    writer.close()


async def test_a_handshake_that_never_comes_counts_as_a_connection(start: Start, tmp_path: Path) -> None:
    config = certificate(tmp_path, "one.example")._replace(
        limits=VisitorLimits(connections_per_address=3, connections=8)
    )
    endpoint = await start(config)
    held = [
        await asyncio.open_connection("127.0.0.1", endpoint.edge.port, local_addr=("127.0.0.2", 0)) for _ in range(5)
    ]
    await asyncio.sleep(0.15)
    ended = [reader.at_eof() for reader, _ in held]
    assert ended == [False] * 3 + [True] * 2
    body, _ = await _served_name(endpoint.edge.port, endpoint.pixel)
    assert body == GIF
    held[0][1].close()
    await asyncio.sleep(0.15)
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.edge.port, local_addr=("127.0.0.2", 0))
    await asyncio.sleep(0.15)
    assert not reader.at_eof()  # the place was given back
    for one in (writer, *(each for _, each in held)):
        one.close()
