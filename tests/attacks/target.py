"""The instance that is attacked: everything `postlude up` starts, and what an attacker may know of it."""

import contextlib
import http.client
import random
import re
import socket
import time
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from postlude.mail.bodies import read_bodies
from servers.postlude import Postlude
from servers.sink import Sink
from servers.waiting import LOOPBACK, wait_for

HTTP: Final = ("web", "edge")
SMTP: Final = ("relay", "inbound")
LISTENERS: Final = HTTP + SMTP
STRANGERS: Final = tuple(f"127.0.0.{number}" for number in range(2, 34))
"""Addresses attackers come from; everybody else comes from 127.0.0.1."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Target:
    """A context: a running instance with one mail sent, and a session in its web app."""

    def __init__(self, home: Path, *, seed: int = 1, full: bool = False) -> None:
        self.full: Final = full
        self.random: Final = random.Random(seed)
        self._sink: Final = Sink()
        self.postlude: Final = Postlude(
            home, smtp_host=LOOPBACK, smtp_port=self._sink.port, smtp_tls="none", return_domain="r.example.org"
        )
        self.cookie = ""
        self.pixel = self.link = ""
        self._sent = 0

    def __enter__(self) -> Self:
        self._sink.__enter__()
        try:
            self.postlude.start()
            self._sign_in()
            self._find_urls()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.postlude.close()
        self._sink.__exit__(kind, error, trace)

    def _sign_in(self) -> None:
        self.login = self.postlude.login()
        answer = self.ask("web", "GET", urlsplit(self.postlude.printed_link()).path)
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def _find_urls(self) -> None:
        html = self.send_mail('<p>Hello <a href="https://shop.example/a?b=c">the shop</a></p>')
        found = re.findall(r"https?://[^/\"]+(/[il]/[^\"]+)\"", html)
        self.link = next(path for path in found if path.startswith("/l/"))
        self.pixel = next(path for path in found if path.startswith("/i/"))

    def send_mail(self, html: str = "<p>Hello</p>") -> str:
        """A mail of the owner's through the relay; the HTML as it came to the next server. Waits until it is there."""
        self._sent += 1
        to = f"bob{self._sent}@example.com"
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.login.user, to, "Hello"
        mail.set_content(html, subtype="html")
        self.postlude.submit(self.login.user, [to], mail)

        def arrived() -> list[bytes]:
            return [one.data for one in list(self._sink.deliveries) if to in one.rcpt_tos]

        raw = wait_for(f"the mail to {to}", arrived, 60)[0]
        return read_bodies(raw).html or ""

    @property
    def delivered(self) -> int:
        """Mails the next server has got."""
        return len(self._sink.deliveries)

    def ask(
        self,
        endpoint: str,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        source: str = LOOPBACK,
    ) -> Answer:
        """One request on a connection of its own, with the session's cookie where there is one and none is given."""
        given = {"Cookie": self.cookie} if endpoint == "web" and self.cookie else {}
        given |= headers or {}
        connection = http.client.HTTPConnection(
            LOOPBACK, self.postlude.ports[endpoint], timeout=30, source_address=(source, 0)
        )
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers={k: v for k, v in given.items() if v})
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())

    def form(self, path: str, fields: Mapping[str, str], page: str = "/compose") -> Answer:
        """A form of a signed-in user, with its token from `page`."""
        token = self.ask("web", "GET", page).body.decode().partition('name="csrf" value="')[2].partition('"')[0]
        data = urlencode({"csrf": token} | dict(fields)).encode()
        return self.ask("web", "POST", path, data, {"Content-Type": "application/x-www-form-urlencoded"})

    def connect(self, endpoint: str, source: str = "") -> socket.socket:
        """A stranger's connection."""
        address = (source or self.random.choice(STRANGERS), 0)
        made = socket.create_connection((LOOPBACK, self.postlude.ports[endpoint]), timeout=30, source_address=address)
        made.settimeout(30)
        return made

    def check_serves(self, within: float = 5.0) -> None:
        """Everybody else is served by every listener within so many seconds."""
        for endpoint in LISTENERS:
            began = time.monotonic()
            if endpoint in SMTP:
                with socket.create_connection((LOOPBACK, self.postlude.ports[endpoint]), timeout=within) as made:
                    assert made.recv(3) == b"220", f"{endpoint} does not greet"
            else:
                path = "/sign-in" if endpoint == "web" else self.pixel
                assert self.ask(endpoint, "GET", path).status == 200, f"{endpoint} does not answer"
            took = time.monotonic() - began
            assert took < within, f"{endpoint} took {took:.1f} s"

    def processes(self) -> dict[int, str]:
        """Process ids and command lines of the instance."""
        family, found = {self.postlude.child.pid}, {}
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                parents[int(stat.parent.name)] = int(fields[1])
        grown = True
        while grown:
            more = {pid for pid, parent in parents.items() if parent in family} - family
            family |= more
            grown = bool(more)
        for pid in family:
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        return found

    def memory(self) -> int:
        """Bytes all processes have for themselves (RSS without what they share)."""
        total = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                resident, shared = (int(word) for word in Path(f"/proc/{pid}/statm").read_text().split()[1:3])
                total += (resident - shared) * 4096
        return total

    def disk(self) -> int:
        """Bytes of the data folder and of what the processes have in the temporary folder."""
        total = 0
        for path in self.postlude.data.rglob("*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_blocks * 512
        for pid in self.processes():
            for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()).startswith("/tmp/") and "(deleted)" in str(descriptor.readlink()):
                        total += descriptor.stat().st_blocks * 512
        return total


@contextlib.contextmanager
def holding(*sockets: socket.socket) -> Iterator[None]:
    """Close them afterwards."""
    try:
        yield
    finally:
        for each in sockets:
            each.close()
