"""The nginx configuration of docs/howto/run-the-edge.md, run as it stands there."""

import asyncio
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.edge import AddressForm, EdgeConfig
from postlude.edge.answer import GIF
from postlude.tokens import Prefixes, hook_url

from .conftest import CODEC, DESTINATION, Start
from .test_tls import certificate

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "run-the-edge.md"
pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[int]:
    """nginx with the page's configuration in front of `edge.sock`; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    certificate(tmp_path, "t.example.com")
    match = re.search(r"```nginx\n(.+?)```", PAGE.read_text(), re.DOTALL)
    assert match
    text = match[1]
    for shown, real in (
        ("/run/postlude/edge.sock", str(tmp_path / "edge.sock")),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/t.example.com.pem", str(tmp_path / "cert.pem")),
        ("/etc/ssl/t.example.com.key", str(tmp_path / "key.pem")),
    ):
        assert shown in text
        text = text.replace(shown, real)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    conf = tmp_path / "nginx.conf"
    conf.write_text(
        f"daemon off; user root; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
        f"events {{}}\nhttp {{\n{folders}{text}\n}}\n"
    )
    process = subprocess.Popen(["nginx", "-c", str(conf), "-e", str(tmp_path / "error.log")])
    for _ in range(100):
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield port
    process.terminate()
    process.wait()


async def test_the_page_s_configuration_keeps_urls_and_addresses(start: Start, nginx: int, tmp_path: Path) -> None:
    endpoint = await start(
        EdgeConfig(unix_path=tmp_path / "edge.sock", proxies=("unix",), address_form=AddressForm.FULL)
    )
    link = endpoint.token.join(endpoint.urls.link(3, "https://shop.example/a//b/../c?x=%2F%2f&y=é#z"))

    async def ask(target: str, body: bytes = b"") -> bytes:
        line = ["curl", "-sik", "--path-as-is", "-H", "X-Forwarded-For: 198.51.100.7", *(["-d", "@-"] if body else [])]
        curl = await asyncio.create_subprocess_exec(
            *line, f"https://127.0.0.1:{nginx}{target}", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        return (await curl.communicate(body))[0]

    assert (await ask(endpoint.pixel)).endswith(GIF)
    assert f"Location: {DESTINATION}\r\n".encode() in await ask(endpoint.link)
    assert b"Location: https://shop.example/a//b/../c?x=%2F%2f&y=%C3%A9#z\r\n" in await ask(link)
    assert f"Location: {DESTINATION}\r\n".encode() in await ask(endpoint.link.replace("/l/", "//l/"))
    assert {hit.address for hit in endpoint.hits()} == {"127.0.0.1"}  # not what the visitor claims
    assert len(endpoint.hits()) == 4
    assert b"Stored" in await ask(hook_url(CODEC, "", Prefixes(), "ses"), b"x" * 900_000)
