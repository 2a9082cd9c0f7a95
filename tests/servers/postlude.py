"""Postlude itself: `postlude up` on free ports with a data folder of its own, as a person would start it."""

import re
import smtplib
import ssl
import urllib.request
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from pathlib import Path
from signal import SIGINT
from typing import Any, NamedTuple

from servers.commands import POSTLUDE, Done, clean_environment, forked, run
from servers.process import Child, Start, started
from servers.waiting import LOOPBACK, free_port, listening, wait_for
from support.state_template import sqlite_state

ENDPOINTS = ("web", "edge", "relay", "inbound")
_LINK = re.compile(r"https?://\S+/sign-in/\S+")


class Login(NamedTuple):
    """What the relay asks for."""

    user: str
    password: str


class Postlude:
    """One instance. `settings` are names without prefix; ports and folder are chosen unless given.

    Its state has its tables already unless `empty`: making them takes a second. Its processes are forked from one that
    has loaded the program unless they shall be `real`: loading it four times takes three.
    """

    def __init__(self, home: Path, *, empty: bool = False, real: bool = False, **settings: object) -> None:
        self.home = home
        self._start: Start = started if real else forked
        self.ports = {endpoint: free_port() for endpoint in ENDPOINTS}
        defaults: dict[str, object] = {f"{endpoint}_port": port for endpoint, port in self.ports.items()}
        self.settings = {"data": home / "data"} | defaults | settings
        self.log = home / "postlude.log"
        if not empty and not self.data.exists():
            self.data.mkdir(mode=0o700)
            sqlite_state(self.data)
        self._child: Child | None = None

    @property
    def data(self) -> Path:
        return Path(str(self.settings["data"]))

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['web']}"

    @property
    def edge_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['edge']}"

    @property
    def child(self) -> Child:
        assert self._child is not None, "not started"
        return self._child

    def start(self) -> None:
        """`postlude up`, and wait until every endpoint answers."""
        self.begin()
        try:
            wait_for("Postlude", lambda: self.child.code is not None or self.ready(), 60)
            assert self.child.code is None
        except AssertionError:
            self.child.kill()
            raise AssertionError(f"Postlude did not start:\n{self.child.output()}") from None

    def begin(self) -> None:
        """`postlude up`, and wait for nothing."""
        self._child = Child("postlude", [POSTLUDE, "up"], self.log, clean_environment(self.settings), self._start)

    def ready(self) -> bool:
        """Whether everything answers."""
        return self._serves("web", "/sign-in") and self.serves_the_world()

    def serves_the_world(self) -> bool:
        """Whether edge, relay and inbound answer: listening is not serving, the sockets are bound before."""
        return listening(self.ports["relay"]) and self._serves("edge", "/healthz") and self._greets()

    def _serves(self, endpoint: str, path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{self.ports[endpoint]}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _greets(self) -> bool:
        try:
            for endpoint in ("relay", "inbound"):
                with smtplib.SMTP(LOOPBACK, self.ports[endpoint], timeout=5):
                    pass
        except (OSError, smtplib.SMTPException):
            return False
        return True

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        return self.child.stop(SIGINT)

    def kill(self) -> None:
        """`kill -9` to every process of it at once."""
        self.child.kill()

    def close(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self._child is not None:
            self.child.kill()

    def run(self, *arguments: str | Path, given: bytes = b"") -> Done:
        """One command with this instance's settings."""
        return run(*arguments, settings=self.settings, given=given)

    def done(self, *arguments: str | Path) -> Done:
        """One command that must succeed: what a test prepares."""
        done = self.run(*arguments)
        assert done.code == 0, done
        return done

    def timeline(self, query: str) -> dict[str, Any]:
        """`postlude timeline QUERY --json`; {} while nothing is stored under it, and while the app is starting."""
        done = self.run("timeline", query, "--json")
        assert done.code in {0, 4, 6}, done
        return dict(done.json) if done.code == 0 else {}

    def sign_in_link(self) -> str:
        """A fresh link into the web app."""
        done = self.run("sign-in")
        found = _LINK.search(done.out)
        assert found, done
        return found[0]

    def printed_link(self) -> str:
        """The link the first start printed."""
        found = wait_for("the printed sign-in link", lambda: _LINK.search(self.child.output()))
        return found[0]

    def login(self) -> Login:
        """The relay's login as the first start printed it."""
        pattern = re.compile(r"login\W+(\S+@[\w.-]+)\W.*?password\W+([a-z0-9-]{20,})", re.DOTALL | re.IGNORECASE)
        found = wait_for("the printed login", lambda: pattern.search(self.child.output()))
        return Login(found[1], found[2])

    def submit(self, sender: str, recipients: Sequence[str], message: EmailMessage | bytes) -> None:
        """Through the relay with AUTH, as a mail client does."""
        data = message if isinstance(message, bytes) else message.as_bytes(policy=policy.SMTP)
        with self.relay() as client:
            client.login(*self.login())
            client.sendmail(sender, recipients, data)

    def relay(self) -> smtplib.SMTP:
        """A connection to the relay, with TLS where it is offered. For `with`."""
        client = smtplib.SMTP(LOOPBACK, self.ports["relay"], timeout=30)
        client.ehlo()
        if client.has_extn("starttls"):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client.starttls(context=context)
        return client
