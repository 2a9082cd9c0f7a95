"""Programs that compose the mail themselves: mutt, Nodemailer, Thunderbird; each with its login, through the relay."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from servers.example_mails import html_of
from servers.needs import PROGRAMS, require
from servers.postlude import Postlude
from servers.sink import Sink
from servers.thunderbird import Thunderbird
from servers.waiting import LOOPBACK, wait_for

TO, CC, BCC = "bob@customer.test", "charlie@other.test", "dora@hidden.test"
SUBJECT = "Grüße, from a program"
BODY = '<html><body><p>See the <a href="https://shop.example/list?a=1&amp;b=2">list</a>.</p></body></html>'
TOKEN = re.compile(r"/i/([A-Za-z0-9_-]{36})\.gif")
LINK = re.compile(r'href="http://127\.0\.0\.1:\d+/l/[A-Za-z0-9_-]{36}/\d+\.[A-Za-z0-9_-]+/https%3A%2F%2Fshop\.example')
VISIBLE = ("From", "To", "Cc", "Subject", "Date", "Message-ID", "User-Agent")
SCRIPT = """
const mail = require("nodemailer");
const given = JSON.parse(process.argv[1]);
const auth = {user: given.user, pass: given.password};
mail.createTransport({host: given.host, port: given.port, secure: false, auth})
  .sendMail({from: given.user, to: given.to, cc: given.cc, bcc: given.bcc, subject: given.subject, html: given.body,
             text: "See https://shop.example/list"})
  .then(info => console.log(info.response), error => { console.error(error); process.exit(1); });
"""


def with_mutt(running: Postlude, home: Path) -> None:
    require("mutt")
    user, password = running.login()
    settings = {
        "from": user,
        "realname": "Alice",
        "content_type": "text/html",
        "charset": "utf-8",
        "smtp_url": f"smtp://{user.replace('@', '%40')}@{LOOPBACK}:{running.ports['relay']}/",
        "smtp_pass": password,
        "smtp_authenticators": "plain",
        "ssl_force_tls": "no",
        "copy": "no",
        "user_agent": "yes",
    }
    (home / "muttrc").write_text("".join(f'set {name} = "{value}"\n' for name, value in settings.items()))
    command = [PROGRAMS["mutt"], "-n", "-F", str(home / "muttrc"), "-s", SUBJECT, "-c", CC, "-b", BCC, "--", TO]
    env = {**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, input=BODY.encode(), env=env, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def with_nodemailer(running: Postlude) -> None:
    require("nodejs", "node-nodemailer")
    user, password = running.login()
    given = {"host": LOOPBACK, "port": running.ports["relay"], "user": user, "password": password}
    given |= {"to": TO, "cc": CC, "bcc": BCC, "subject": SUBJECT, "body": BODY}
    env = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}
    command = [PROGRAMS["nodejs"], "-e", SCRIPT, "--", json.dumps(given)]
    done = subprocess.run(command, env=env, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.startswith(b"250 2.0.0 OK: queued as ")


def check(sink: Sink) -> list[EmailMessage]:
    """Three recipients, three copies: the same to look at, each with a pixel and links of its own, Bcc unseen."""
    wait_for("three copies", lambda: len(sink.deliveries) == 3)
    assert sink.counts() == {TO: 1, CC: 1, BCC: 1}
    copies = []
    for delivery in sink.deliveries:
        message = message_from_bytes(delivery.data, policy=policy.default)
        assert isinstance(message, EmailMessage)
        copies.append(message)
        assert BCC.encode() not in delivery.data
        assert b"\nbcc" not in delivery.data.lower()
    for header in VISIBLE:
        assert len({str(copy[header]) for copy in copies}) == 1, header
    assert str(copies[0]["Subject"]) == SUBJECT
    texts = [html_of(copy) for copy in copies]
    tokens = {token for text in texts for token in TOKEN.findall(text)}
    assert len(tokens) == 3
    assert all(LINK.search(text) for text in texts), texts[0]
    return copies


def test_mutt(postlude: Callable[..., Postlude], sink: Sink, tmp_path: Path) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    with_mutt(running, tmp_path)
    assert check(sink)[0]["User-Agent"].startswith("Mutt")


def test_nodemailer(postlude: Callable[..., Postlude], sink: Sink) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    with_nodemailer(running)
    check(sink)


def test_thunderbird(postlude: Callable[..., Postlude], sink: Sink, tmp_path: Path) -> None:
    require("thunderbird", "xvfb")
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    user, password = running.login()
    with Thunderbird(tmp_path, port=running.ports["relay"], user=user, password=password) as program:
        program.send(to=TO, cc=CC, bcc=BCC, subject=SUBJECT, body=BODY)
        copies = check(sink)
    assert "Thunderbird" in copies[0]["User-Agent"]
