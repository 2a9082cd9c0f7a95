"""Written by v0.1.0: `write_folder.py TARGET` leaves a data folder that was used, and what it reported of it.

Runs with the wheel of v0.1.0 on PYTHONPATH (`scripts/upgrade-data.sh`). Everything goes the way a person's would: SMTP
to the relay, HTTP to the edge, commands. At the end edge and relay are killed with work that no digest has read.
"""

import asyncio
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from postlude.adapters.loopback import SmtpDoor
from postlude.feedback.build import build_bounce
from postlude.kit.clock import SystemClock
from postlude.services.sandbox.recipient import Deed, Mailbox, one_click_url

OWNER = "olivia@sender.example"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
HTML = """<html><body><p>Dear {{ contact.name }},</p>
<p><a href="https://shop.example/offer">Our offer</a>
<a href="https://shop.example/blog">How it is made</a>
<a href="hosted:prices.csv">Prices</a></p>
<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""
PEOPLE = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi", "Ivan", "Judy")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Instance:
    """`postlude up` on a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.data = home, home / "data"
        self.ports = {name: free_port() for name in ("web", "edge", "relay", "inbound")}
        self.edge = f"http://127.0.0.1:{self.ports['edge']}"
        settings = {f"{name}_port": port for name, port in self.ports.items()} | {"data": self.data, "owner": OWNER}
        self.env = dict(os.environ) | {f"POSTLUDE_{name.upper()}": str(value) for name, value in settings.items()}
        self.login = ("", "")

    def start(self, process: str = "up") -> subprocess.Popen[bytes]:
        log = (self.home / f"{process}.log").open("wb")
        child = subprocess.Popen(
            [sys.executable, "-m", "postlude", process], env=self.env, stdout=log, stderr=log, start_new_session=True
        )
        for name in ("edge", "relay", "inbound", "web") if process == "up" else (process,):
            wait(f"{name} of {process}", lambda at=name: self.listens(at))
        return child

    def listens(self, name: str) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[name])) == 0

    def read_login(self) -> None:
        pattern = re.compile(r"login\s+(\S+@\S+)\s+password\s+(\S+)")
        found = wait("the printed login", lambda: pattern.search((self.home / "up.log").read_text()))
        self.login = (found[1], found[2])

    def run(self, *words: object) -> str:
        command = [sys.executable, "-m", "postlude", *map(str, words)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *words: object) -> object:
        return json.loads(self.run(*words, "--json"))

    def submit(self, subject: str, *recipients: str) -> str:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = OWNER, ", ".join(recipients), subject
        mail["Message-ID"] = f"<{subject.lower().replace(' ', '-')}@sender.example>"
        mail.set_content("See https://shop.example/offer?id=7 please.\n")
        mail.add_alternative(
            '<p>See <a href="https://shop.example/offer?id=7">the offer</a> and '
            '<a href="https://shop.example/terms">the terms</a>.</p>',
            subtype="html",
        )
        with smtplib.SMTP("127.0.0.1", self.ports["relay"]) as client:
            client.login(*self.login)
            client.send_message(mail, OWNER, list(recipients))
        return str(mail["Message-ID"])

    def mail(self, recipient: str, subject: str) -> tuple[dict[str, str], bytes]:
        """Envelope and bytes of the delivered mail."""

        def look() -> tuple[dict[str, str], bytes] | None:
            for path in (self.data / "mailbox").glob("*.mail"):
                head, _, raw = path.read_bytes().partition(b"\n")
                envelope = json.loads(head)
                if envelope["rcpt_to"] == recipient and subject in str(parsed(raw)["Subject"]):
                    return envelope, raw
            return None

        return wait(f"{subject} to {recipient}", look)

    def act(self, deed: Deed, recipient: str, subject: str) -> None:
        """Bounce, complaint, reply, absence note, one-click: what the sandbox's recipients can do."""
        envelope, raw = self.mail(recipient, subject)

        async def post(url: str, body: bytes) -> int:
            return await asyncio.to_thread(get, url, CHROME, body)

        box = Mailbox(SmtpDoor("127.0.0.1", self.ports["inbound"]), post, self.edge, SystemClock())
        asyncio.run(box.act(deed, raw, mail_from=envelope["mail_from"], recipient=recipient))

    def open(self, recipient: str, subject: str, agent: str = CHROME) -> None:
        get(urls(self.mail(recipient, subject)[1])[0], agent)

    def click(self, recipient: str, subject: str, number: int = 0) -> None:
        get([url for url in urls(self.mail(recipient, subject)[1]) if "shop.example" in url][number], CHROME)


def parsed(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)  # type: ignore[return-value]


def urls(raw: bytes) -> list[str]:
    """The pixel, then what the HTML links to."""
    html = parsed(raw).get_body(("html",)).get_content()  # type: ignore[union-attr]
    found = re.findall(r'(?:href|src)="(http[^"]+)"', html)
    return [url for url in found if ".gif" in url] + [url for url in found if ".gif" not in url]


class Here(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Where links lead does not exist."""


def get(url: str, agent: str, body: bytes | None = None) -> int:
    request = urllib.request.Request(url.replace("&amp;", "&"), body, {"User-Agent": agent})
    try:
        return int(urllib.request.build_opener(Here).open(request, timeout=10).status)
    except urllib.error.HTTPError as error:
        return error.code


def wait(what: str, look: Callable[[], Any], seconds: float = 30) -> Any:
    """What `look` finds; while processes start, a command may find nobody to ask."""
    until = time.monotonic() + seconds
    while True:
        try:
            if found := look():
                return found
        except SystemExit as error:
            what = f"{what} ({error})"
        if time.monotonic() > until:
            raise SystemExit(f"waited in vain for {what}")
        time.sleep(0.1)


def single_mails(one: Instance) -> None:
    one.submit("The offer", "alice@customer.example", "bob@customer.example", "gone@customer.example")
    one.submit("Minutes of Tuesday", "carol@customer.example", "away@customer.example")
    one.submit("Invoice 117", "dave@customer.example", "angry@customer.example")
    one.submit("Read this", "cross@customer.example")
    for recipient in ("alice", "bob", "gone"):
        one.mail(f"{recipient}@customer.example", "The offer")
    time.sleep(2.5)  # sooner, a click is taken for a machine's
    one.open("alice@customer.example", "The offer")
    one.click("alice@customer.example", "The offer")
    one.click("alice@customer.example", "The offer", 1)
    one.open("bob@customer.example", "The offer", GMAIL)
    one.open("carol@customer.example", "Minutes of Tuesday")
    one.act(Deed.BOUNCE, "gone@customer.example", "The offer")
    one.act(Deed.REPLY, "alice@customer.example", "The offer")
    one.act(Deed.AWAY, "away@customer.example", "Minutes of Tuesday")
    one.act(Deed.SPAM, "angry@customer.example", "Invoice 117")
    one.act(Deed.SPAM, "cross@customer.example", "Read this")


def contacts(one: Instance) -> None:
    one.run("lists", "add", "Customers", "--public", "--single-optin")
    file = one.home / "people.csv"
    rows = "".join(f"{name.lower()}@list.example,{name},Europe/Berlin,{i}\n" for i, name in enumerate(PEOPLE))
    file.write_text("email,name,time_zone,number\nnot an address,X,,\n" + rows)
    agreed = ("--consent", "mail", "--consent", "opens", "--agreed", "ticked at the checkout")
    one.run("contacts", "import", file, "--list", "Customers", "--tag", "winter", *agreed)
    one.run("contacts", "add", "niaj@list.example", "--name", "Niaj", "--field", "town=Köln", "--tag", "vip")
    one.run("suppressions", "add", "never@customer.example", "eve@exämple.com")


def campaign(one: Instance) -> None:
    html = one.home / "news.html"
    html.write_text(HTML)
    (one.home / "prices.csv").write_text("wool;7\n")
    content = (
        "--subject",
        "Wool for {{ contact.name }}",
        "--subject-b",
        "Lamps for {{ contact.name }}",
        "--html",
        html,
    )
    test = ("--test-percent", 50, "--test-hours", 24, "--winner", "manual", "--host", one.home / "prices.csv")
    one.run("campaigns", "create", "Winter", "--from", OWNER, "--list", "Customers", *content, *test)
    one.run("campaigns", "send", "Winter", "--anyway")
    first = wait("the test's copies", lambda: mailed(one, {"Wool", "Lamps"}, 4))
    time.sleep(2.5)
    for recipient, subject in first[:3]:
        one.open(recipient, subject)
        one.click(recipient, subject)
    one.run("campaigns", "winner", "Winter", "A")
    wait("the end", lambda: one.json("campaigns", "show", "Winter")["status"] == "sent")
    _, raw = one.mail(*first[3])
    get(one_click_url(raw), CHROME, b"List-Unsubscribe=One-Click")
    one.run(
        "campaigns", "create", "Spring", "--from", OWNER, "--list", "Customers", "--html", html, "--subject", "Soon"
    )


def mailed(one: Instance, words: set[str], least: int) -> list[tuple[str, str]]:
    found = []
    for path in sorted((one.data / "mailbox").glob("*.mail")):
        head, _, raw = path.read_bytes().partition(b"\n")
        subject = str(parsed(raw)["Subject"])
        if words & set(subject.split()):
            found.append((json.loads(head)["rcpt_to"], subject))
    return found if len(found) >= least else []


def privacy(one: Instance) -> None:
    one.run("privacy", "track", "bob@customer.example", "--no-opens")
    one.run("privacy", "forget", "--yes", "cross@customer.example")
    one.run("privacy", "forget", "--yes", "judy@list.example")
    message = one.json("timeline", "<minutes-of-tuesday@sender.example>")["messages"][0]["message"]["message"]
    one.run("link", "replace", message, 1, "https://shop.example/new-terms")
    one.run("user", "add", "peter@sender.example", "--name", "Peter", "--send-as", "*@sender.example")


def unmatched(one: Instance) -> None:
    """A bounce of something nobody knows here."""
    strange = (
        b"From: somebody@elsewhere.example\r\nTo: stranger@elsewhere.example\r\nSubject: Unknown here\r\n"
        b"Message-ID: <strange@elsewhere.example>\r\n\r\nHello.\r\n"
    )
    bounce = build_bounce(
        strange,
        recipient="stranger@elsewhere.example",
        reporting_mta="mx.elsewhere.example",
        status="5.1.1",
        diagnostic="550 5.1.1 <stranger@elsewhere.example>: unknown",
        at=SystemClock().now(),
        to=f"<{OWNER}>",
    )
    with smtplib.SMTP("127.0.0.1", one.ports["inbound"]) as client:
        client.sendmail("", ["bounces@postlude.localhost"], bounce)
    wait("the bounce of something unknown", lambda: one.json("feedback", "unmatched")["unmatched"])


class Silent(threading.Thread):
    """A mail server that puts `later` off, and takes the mail to everybody else without ever answering."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.silent = threading.Event()
        self.deferred = threading.Event()

    def run(self) -> None:
        while True:
            client, _ = self._socket.accept()
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        client.sendall(b"220 silent.example\r\n")
        for line in client.makefile("rb"):
            verb = line[:4].upper()
            if verb == b"DATA":
                client.sendall(b"354 go on\r\n")
            elif b"later@" in line and verb == b"RCPT":
                client.sendall(b"450 4.2.1 busy, try later\r\n")
                self.deferred.set()
            elif line == b".\r\n":
                self.silent.set()
                threading.Event().wait()
            elif verb in {b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"}:
                client.sendall(b"250 fine\r\n")


def killed_while_sending(one: Instance) -> None:
    """The next server has a mail and has not answered when everything is killed; another mail waits."""
    server = Silent()
    server.start()
    one.env |= {"POSTLUDE_SMTP_HOST": "127.0.0.1", "POSTLUDE_SMTP_PORT": str(server.port), "POSTLUDE_SMTP_TLS": "none"}
    up = one.start()
    try:
        one.submit("Try again", "later@customer.example")
        wait("the deferral", lambda: "deferred" in one.run("timeline", "<try-again@sender.example>", "--json"))
        one.submit("Who knows", "unsure@customer.example")
        server.silent.wait(30)
    finally:
        os.killpg(up.pid, signal.SIGKILL)
    for name in ("HOST", "PORT", "TLS"):
        del one.env[f"POSTLUDE_SMTP_{name}"]


def told(one: Instance) -> dict[str, object]:
    """What v0.1.0 reports of it."""
    messages = ("<the-offer@sender.example>", "<minutes-of-tuesday@sender.example>", "<invoice-117@sender.example>")
    messages += ("<try-again@sender.example>", "<who-knows@sender.example>")
    return {
        "timelines": {each: one.json("timeline", each) for each in messages},
        "campaign": one.json("campaigns", "report", "Winter"),
        "contacts": one.run("contacts", "export"),
        "suppressions": one.run("suppressions", "export"),
        "unmatched": one.json("feedback", "unmatched"),
        "users": one.json("user", "list"),
        "edge": one.edge,
        "login": one.login,
    }


def left_over(one: Instance) -> None:
    """Edge and relay alone, killed with what nothing has digested."""
    edge = one.start("edge")
    one.open("dave@customer.example", "Invoice 117")
    one.click("dave@customer.example", "Invoice 117")
    os.killpg(edge.pid, signal.SIGKILL)
    relay = one.start("relay")
    one.submit("Written at the end", "frank@customer.example")
    os.killpg(relay.pid, signal.SIGKILL)


def used(one: Instance, *parts: Callable[[Instance], None]) -> None:
    """`postlude up` for as long as these take, ended in order."""
    up = one.start()
    try:
        for part in parts:
            part(one)
        up.send_signal(signal.SIGINT)
        up.wait(30)
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGKILL)


def report(one: Instance) -> None:
    """Once it has found out what nobody knows of the copy whose server was silent."""
    wait("the unknown outcome", lambda: "unsure" in one.run("timeline", "<who-knows@sender.example>", "--json"))
    (one.home / "told.json").write_text(json.dumps(told(one), indent=1, ensure_ascii=False))


def main() -> None:
    home = Path(sys.argv[1])
    home.mkdir(parents=True)
    one = Instance(home)
    used(one, Instance.read_login, single_mails, contacts, campaign, privacy, unmatched)
    killed_while_sending(one)
    used(one, report)
    left_over(one)
    for path in (*home.glob("*.log"), home / "people.csv", home / "news.html", home / "prices.csv"):
        path.unlink()
    (one.data / "control.sock").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
