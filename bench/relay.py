"""Single mails through a whole `postlude up`: accepted, durable, digested, sent (`python bench/relay.py`).

Every mail is one message to one recipient, submitted with a login over kept connections, accepted with 250 after it is
on disk, instrumented with tokens of its own, and handed over to Postfix's smtp-sink. The clock runs from the first
MAIL to the last copy that the state says is sent. Clients, Postlude and sink share this machine.
"""

import argparse
import asyncio
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import uvloop
from newsletter import message
from result import table, write

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from postlude.adapters.smtp_client.pool import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.services.ports import Outgoing
from servers.starts import Started

ME = "owner@postlude.localhost"
POSTLUDE = Path(sys.executable).with_name("postlude")
LETTER = (
    b"From: Owner <owner@postlude.localhost>\r\nTo: bob@example.com\r\nSubject: Offer\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<!doctype html><html><body><p>Dear Bob,</p>\r\n"
    + b"<p>Here is what we talked about, with everything you asked for in one place.</p>\r\n" * 40
    + b'<p><a href="https://shop.example/offer?id=7">The offer</a> and <a href="https://shop.example/terms">terms</a>.</p>'
    + b"</body></html>\r\n"
)


class Measured(NamedTuple):
    accepted: float
    delivered: float
    app_s: float
    relay_s: float


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Running:
    """`postlude up` beside a sink."""

    def __init__(self, folder: Path, connections: int) -> None:
        self.folder = folder
        self.ports = {endpoint: free_port() for endpoint in ("web", "edge", "relay", "inbound")}
        sink = free_port()
        self.sink = subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{sink}", "200"])
        env = {name: value for name, value in os.environ.items() if not name.startswith("POSTLUDE_")}
        env |= {f"POSTLUDE_{endpoint.upper()}_PORT": str(port) for endpoint, port in self.ports.items()}
        env |= {
            "POSTLUDE_DATA": str(folder / "data"),
            "POSTLUDE_SMTP_HOST": "127.0.0.1",
            "POSTLUDE_SMTP_PORT": str(sink),
            "POSTLUDE_SMTP_TLS": "none",
            "POSTLUDE_SMTP_CONNECTIONS": str(connections),
            "POSTLUDE_RELAY_RECIPIENTS_PER_HOUR": "0",
            "POSTLUDE_RELAY_RECIPIENTS_PER_DAY": "0",
            "POSTLUDE_LOG_LEVEL": "warning",
        }
        self.log = folder / "log"
        self.process = subprocess.Popen([POSTLUDE, "up"], env=env, stdout=self.log.open("wb"), stderr=subprocess.STDOUT)
        self.password = self._wait()

    def _wait(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for line in self.log.read_text().splitlines():
                if "password" in line and len(line.split()) == 2:
                    return line.split()[1]
            time.sleep(0.1)
        raise SystemExit(self.log.read_text())

    def sent(self) -> int:
        with sqlite3.connect(f"file:{self.folder / 'data' / 'state.sqlite'}?mode=ro", uri=True) as state:
            return int(state.execute("SELECT count(*) FROM copies WHERE status = 'sent'").fetchone()[0])

    def processor(self) -> dict[str, float]:
        """Seconds used so far, by process."""
        tick = os.sysconf("SC_CLK_TCK")
        found = {}
        for pid in [
            self.process.pid,
            *map(int, subprocess.check_output(["pgrep", "-P", str(self.process.pid)]).split()),
        ]:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            name = next((w.decode() for w in words if w in {b"edge", b"relay", b"inbound", b"app", b"up"}), str(pid))
            found[name] = (int(fields[11]) + int(fields[12])) / tick
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.sink.terminate()
        self.sink.wait()


async def submit(port: int, password: str, mails: Iterable[Outgoing], clients: int) -> None:
    config = SmtpConfig(
        host="127.0.0.1",
        port=port,
        tls=TlsPolicy.NONE,
        user=ME,
        password=password,
        connections=clients,
        helo="bench",
        messages_per_connection=1 << 30,
    )
    way, queue = SmtpTransport(config), iter(mails)

    async def one() -> None:
        for mail in queue:
            answer = await way.send(mail, Started())
            if answer.code != 250:
                raise SystemExit(f"not accepted: {answer}")

    await asyncio.gather(*(one() for _ in range(clients)))
    await way.close()


def measure(raw: bytes, count: int, clients: int, connections: int) -> Measured:
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-relay-") as name:
        running = Running(Path(name), connections)
        try:
            mails = [Outgoing(ME, f"r{n}@example.com", raw) for n in range(count)]
            uvloop.run(submit(running.ports["relay"], running.password, mails[:20], 2))  # imports, connections, caches
            while running.sent() < 20:
                time.sleep(0.05)
            before = running.processor()
            began = time.perf_counter()
            uvloop.run(submit(running.ports["relay"], running.password, mails, clients))
            accepted = time.perf_counter() - began
            while running.sent() < count + 20:
                time.sleep(0.02)
                if time.perf_counter() - began > 300:
                    raise SystemExit(f"only {running.sent()} sent\n{running.log.read_text()}")
            took = time.perf_counter() - began
            after = running.processor()
        finally:
            running.stop()
    return Measured(count / accepted, count / took, after["app"] - before["app"], after["relay"] - before["relay"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--connections", type=int, default=8, help="to the sink")
    parser.add_argument("--only", choices=["letter", "newsletter"])
    given = parser.parse_args()
    kinds = {"letter": LETTER, "newsletter": newsletter_mail()}
    rows = []
    for name, raw in kinds.items():
        if given.only in {None, name}:
            got = measure(raw, given.messages, given.clients, given.connections)
            each = 1e6 / given.messages
            rows.append([
                f"{name}, {len(raw):,} bytes", f"{got.accepted:,.0f}/s", f"**{got.delivered:,.0f}/s**",
                f"{got.relay_s * each:,.0f} us", f"{got.app_s * each:,.0f} us",
            ])  # fmt: skip
    heads = ["single mails", "accepted and durable", "accepted, durable and delivered", "relay process", "app process"]
    text = table(heads, rows) + (
        f"\n\n{given.messages:,} messages to one recipient each, {given.clients} kept connections with a login, "
        f"{given.connections} connections to smtp-sink. The right columns are processor time a message. "
        f"Floor 250/s, aim 600/s.\nClient: {resource.getrusage(resource.RUSAGE_SELF).ru_utime:.1f} s of processor.\n"
    )
    write("relay", "Single mails through the relay, from MAIL to the next server's 250", "make bench-relay", text)


def newsletter_mail() -> bytes:
    """As mail tools write it; every message gets a Message-ID of its own from the relay."""
    return message("quoted-printable").replace(b"Message-ID: <17@garden.example>\r\n", b"")


if __name__ == "__main__":
    main()
