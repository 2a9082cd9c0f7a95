"""The programs people submit mail with, each with its own login, through the relay into a sandbox."""

import re
import subprocess
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from servers.example_mails import html_of, offer
from servers.needs import PROGRAMS, require
from servers.postlude import Postlude
from servers.sink import Delivery, Sink
from servers.waiting import LOOPBACK, wait_for

TO, CC, BCC = "bob@customer.test", "charlie@other.test", "dora@hidden.test"
TOKEN = re.compile(r"/i/([A-Za-z0-9_-]{36})\.gif")
VISIBLE = ("From", "To", "Cc", "Subject", "Date", "Message-ID")


def with_smtplib(running: Postlude, message: EmailMessage, _home: Path) -> None:
    running.submit(running.login().user, [TO, CC, BCC], message)


def with_swaks(running: Postlude, message: EmailMessage, home: Path) -> None:
    require("swaks")
    user, password = running.login()
    (home / "mail.eml").write_bytes(message.as_bytes(policy=policy.SMTP))
    command = [PROGRAMS["swaks"], "--server", LOOPBACK, "--port", str(running.ports["relay"]), "--auth", "PLAIN"]
    command += ["--auth-user", user, "--auth-password", password, "--from", user, "--to", f"{TO},{CC},{BCC}"]
    command += ["--data", f"@{home / 'mail.eml'}", "--suppress-data"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)


def with_msmtp(running: Postlude, message: EmailMessage, home: Path) -> None:
    require("msmtp")
    user, password = running.login()
    config = home / "msmtprc"
    config.write_text(
        f"account default\nhost {LOOPBACK}\nport {running.ports['relay']}\nauth plain\nuser {user}\n"
        f"password {password}\nfrom {user}\ntls off\n"
    )
    config.chmod(0o600)
    message["Bcc"] = BCC
    command = [PROGRAMS["msmtp"], "-C", str(config), "--read-recipients"]
    subprocess.run(command, input=message.as_bytes(), check=True, capture_output=True, timeout=30)


@pytest.mark.parametrize("submit", [with_smtplib, with_swaks, with_msmtp])
def test_each_recipient_gets_a_copy_of_its_own(
    postlude: Callable[..., Postlude],
    sink: Sink,
    tmp_path: Path,
    submit: Callable[[Postlude, EmailMessage, Path], None],
) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=sink.port, smtp_tls="none")
    message = offer(running.login().user, [TO], cc=[CC])
    submit(running, message, tmp_path)
    wait_for("three copies", lambda: len(sink.deliveries) == 3)
    assert sink.counts() == {TO: 1, CC: 1, BCC: 1}
    copies = [parsed(delivery) for delivery in sink.deliveries]
    for header in VISIBLE:
        assert {str(copy[header]) for copy in copies} == {str(message[header])}, header
    assert not any(BCC.encode() in delivery.data or b"\nBcc" in delivery.data for delivery in sink.deliveries)
    tokens = [TOKEN.findall(html_of(copy)) for copy in copies]
    assert all(len(found) == 1 for found in tokens)
    assert len({found[0] for found in tokens}) == 3


def parsed(delivery: Delivery) -> EmailMessage:
    message = message_from_bytes(delivery.data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message
