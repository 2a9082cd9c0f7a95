"""The instance that is attacked: everything `postlude up` starts, and what an attacker may know of it."""

import contextlib
import http.client
import random
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from attacks.stranger import STRANGERS
from postlude.app.build.common import build_parts
from postlude.app.processes.sockets import endpoints
from postlude.config import Settings
from postlude.journal import JournalReader, Position
from postlude.mail.bodies import read_bodies
from postlude.store import Store, open_store
from postlude.tokens import CopyRef, CopyTokens, Prefixes, TokenCodec
from servers.certificates import Authority
from servers.postlude import Postlude
from servers.sink import Sink
from servers.waiting import LOOPBACK, free_port, wait_for

PREFIXES: Final = Prefixes()._asdict()
"""The first path segment of each endpoint of the edge, by its name."""
_UNVERIFIED: Final = ssl.create_default_context()
_UNVERIFIED.check_hostname = False  # for all who attack: whose certificate it is does not matter to them
_UNVERIFIED.verify_mode = ssl.CERT_NONE


_LISTENS: Final = "0A"
"""State of a listening socket in the kernel's tables."""
_SERVES_S: Final = 5.0
_HANGS_S: Final = 30.0


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
        tls = Authority(home).certificate("localhost")
        self.postlude: Final = Postlude(
            home,
            real=True,
            smtp_host=LOOPBACK,
            smtp_port=self._sink.port,
            smtp_tls="none",
            return_domain="r.example.org",
            relay_tls_cert=tls,
            relay_tls_key=tls,
            relay_tls_port=free_port(),
        )
        self.postlude.ports["relay_tls"] = int(str(self.postlude.settings["relay_tls_port"]))
        self.listeners: Final = endpoints(Settings(data=home, relay_tls_port=self.postlude.ports["relay_tls"]))
        """Everything the instance listens for, as its own code names them."""
        self.speaks: Final[dict[str, str]] = {}
        """`http`, `smtp` or `tls`, found out by asking."""
        self.cookie = ""
        self.pixel = self.link = ""
        self._sent = 0
        self.slowest_s = 0.0
        """What anybody else waited at most, of those who were asked for."""

    def __enter__(self) -> Self:
        self._sink.__enter__()
        try:
            self.postlude.start()
            self.speaks.update({endpoint: self._spoken(endpoint) for endpoint in self.listeners})
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

    def that_speak(self, *kinds: str) -> list[str]:
        """The listeners of these kinds."""
        return [endpoint for endpoint, kind in self.speaks.items() if kind in kinds]

    def _spoken(self, endpoint: str) -> str:
        with self.connect(endpoint) as made:
            made.settimeout(1)
            with contextlib.suppress(TimeoutError):
                if made.recv(3) == b"220":
                    return "smtp"
            made.settimeout(10)
            with contextlib.suppress(OSError):
                made.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if made.recv(5) == b"HTTP/":
                    return "http"
        return "tls"

    def _sign_in(self) -> None:
        self.login = self.postlude.login()
        answer = self.ask("web", "GET", urlsplit(self.postlude.printed_link()).path)
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def session_of(self, address: str) -> str:
        """A cookie of another user's session; the user is made at the first time."""
        if address not in self.postlude.run("user", "list").out:
            assert self.postlude.run("user", "add", address).code == 0
        link = self.postlude.run("sign-in", address).out.strip()
        answer = self.ask("web", "GET", urlsplit(link).path, headers={"Cookie": ""})
        return answer.headers["set-cookie"].partition(";")[0]

    @property
    def codec(self) -> TokenCodec:
        """What makes the instance's tokens: to begin from real ones."""
        return build_parts(Settings(data=self.postlude.data), must_write=False).codec

    @property
    def ref(self) -> CopyRef:
        """Which copy the first mail's tokens are of."""
        found = self.codec.read_read(self.link.split("/")[2])
        assert found is not None
        return found

    @property
    def tokens(self) -> CopyTokens:
        """The two tokens of the first mail's copy."""
        return self.codec.minter(self.ref.kind, self.ref.scope).tokens(self.ref.copy)

    unverified: Final = _UNVERIFIED

    def wait_until_digested(self) -> None:
        """Everything that was answered until now has become events."""
        reader = JournalReader(self.postlude.data / "journal")
        with (
            contextlib.closing(reader),
            contextlib.closing(open_store(f"sqlite:///{self.postlude.data}/state.sqlite")) as store,
        ):
            wait_for("the digest", lambda: not reader.behind(_positions(store)), 30, pause=0.1)

    def log(self) -> bytes:
        """What the instance wrote to its log so far."""
        return self.postlude.log.read_bytes()

    def last_mail(self, part: str) -> bytes:
        """The newest mail that went to an address with `part` in it; waits for it."""
        return wait_for(f"a mail to {part}", lambda: self.mails(part), 60)[-1]

    def mails(self, part: str) -> list[bytes]:
        """Every mail that went to an address with `part` in it."""
        return [one.data for one in list(self._sink.deliveries) if any(part in to for to in one.rcpt_tos)]

    def return_path(self, part: str) -> str:
        """The envelope sender of such a mail: the tagged address its recipient knows."""
        return next(one.mail_from for one in self._sink.deliveries if any(part in to for to in one.rcpt_tos)).strip(
            "<>"
        )

    def _find_urls(self) -> None:
        html = self.send_mail('<p>Hello <a href="https://shop.example/a?b=c">the shop</a></p>')
        found = re.findall(r"https?://[^/\"]+(/[il]/[^\"]+)\"", html)
        self.link = next(path for path in found if path.startswith("/l/"))
        self.pixel = next(path for path in found if path.startswith("/i/"))

    def send_mail(self, html: str = "<p>Hello</p>", *, to: str = "", subject: str = "Hello") -> str:
        """A mail of the owner's through the relay; the HTML as it came to the next server. Waits until it is there."""
        self._sent += 1
        to = to or f"bob{self._sent}@example.com"
        before = len(self.mails(to))
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.login.user, to, subject
        mail.set_content(html, subtype="html")
        self.postlude.submit(self.login.user, [to], mail)

        raw = wait_for(f"the mail to {to}", lambda: self.mails(to)[before:], 60)[0]
        return read_bodies(raw).html or ""

    def path_in(self, html: str, endpoint: str) -> str:
        """The path of the first address of ours with `endpoint` in it."""
        found: list[str] = re.findall(r"https?://[^/\"]+(/[^\"]+)\"", html)
        return next(path for path in found if path.startswith(endpoint))

    def mail_client(self, endpoint: str) -> smtplib.SMTP:
        """A stranger's SMTP connection."""
        client = smtplib.SMTP(LOOPBACK, self.postlude.ports[endpoint], timeout=20)
        client.ehlo("x")
        return client

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
        port: int = 0,
    ) -> Answer:
        """One request on a connection of its own, with the session's cookie where there is one and none is given."""
        given = {"Cookie": self.cookie} if endpoint == "web" and self.cookie else {}
        given |= headers or {}
        connection = http.client.HTTPConnection(
            LOOPBACK, port or self.postlude.ports[endpoint], timeout=30, source_address=(source, 0)
        )
        with contextlib.closing(connection):
            connection.request(method, path, body=body, headers={k: v for k, v in given.items() if v})
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())

    def csrf(self, page: str = "/compose", cookie: str = "") -> str:
        """The token of the forms of a session."""
        text = self.ask("web", "GET", page, headers={"Cookie": cookie or self.cookie}).body.decode()
        return text.partition('name="csrf" value="')[2].partition('"')[0]

    def form(self, path: str, fields: Mapping[str, str], page: str = "/compose", cookie: str = "") -> Answer:
        """A form of a signed-in user, with its token from `page`."""
        data = urlencode({"csrf": self.csrf(page, cookie)} | dict(fields)).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie or self.cookie}
        return self.ask("web", "POST", path, data, kind)

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """A form of the owner's whose token is among the fields."""
        return self.ask(
            "web", "POST", path, urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"}
        )

    def upload(self, path: str, name: str, content: bytes, page: str = "/compose", **fields: str) -> Answer:
        """A form with a file, of the owner's."""
        parts = {"csrf": self.csrf(page)} | fields
        head = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in parts.items())
        head += f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        return self.ask("web", "POST", path, head.encode() + content + b"\r\n--b--\r\n", kind)

    def connect(self, endpoint: str, source: str = "") -> socket.socket:
        """A stranger's connection."""
        address = (source or self.random.choice(STRANGERS), 0)
        made = socket.create_connection((LOOPBACK, self.postlude.ports[endpoint]), timeout=30, source_address=address)
        made.settimeout(30)
        return made

    def check_serves(self, within: float = 0.0) -> None:
        """Everybody else is served by every listener within so many seconds: 5 unless said, on a machine of its own.

        In the short form, which runs beside other tests, only a listener that hangs is told from one that is slow.
        """
        within = (within or _SERVES_S) if self.full else _HANGS_S
        for endpoint, kind in self.speaks.items():
            began = time.monotonic()
            if kind != "http":
                with socket.create_connection((LOOPBACK, self.postlude.ports[endpoint]), timeout=within) as plain:
                    made = _UNVERIFIED.wrap_socket(plain) if kind == "tls" else plain
                    assert made.recv(3) == b"220", f"{endpoint} does not greet"
                    made.close()
            else:
                path = "/sign-in" if endpoint == "web" else self.pixel
                assert self.ask(endpoint, "GET", path).status == 200, f"{endpoint} does not answer"
            took = time.monotonic() - began
            self.slowest_s = max(self.slowest_s, took)
            assert took < within, f"{endpoint} took {took:.1f} s"

    def processes(self, instance: Postlude | None = None) -> dict[int, str]:
        """Process ids and command lines of the instance, or of another one."""
        family, found = {(instance or self.postlude).child.pid}, {}
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

    def listening_ports(self) -> set[int]:
        """TCP ports that any process of the instance listens on, as the kernel tells them."""
        sockets, found = set(), set()
        for pid in self.processes():
            for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
                with contextlib.suppress(OSError):
                    sockets.add(str(descriptor.readlink()))
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and f"socket:[{fields[9]}]" in sockets:
                    found.add(int(fields[1].rpartition(":")[2], 16))
        return found

    def memory(self, instance: Postlude | None = None) -> int:
        """Bytes all processes have for themselves (RSS without what they share)."""
        total = 0
        for pid in self.processes(instance):
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


def _positions(store: Store) -> dict[int, Position]:
    return {writer: Position(writer, *place) for writer, place in store.digest.positions().items()}


def session_in(instance: Postlude) -> str:
    """A cookie of its owner's session."""
    connection = http.client.HTTPConnection(LOOPBACK, instance.ports["web"], timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", urlsplit(instance.printed_link()).path)
        got = connection.getresponse()
        got.read()
        return str(got.getheader("set-cookie")).partition(";")[0]


@contextlib.contextmanager
def holding(*sockets: socket.socket) -> Iterator[None]:
    """Close them afterwards."""
    try:
        yield
    finally:
        for each in sockets:
            each.close()
