"""What a message is for decides whether it reaches who left: by the real relay, with a real unsubscribe link."""

import smtplib
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.kit.clock import SystemClock
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, wait_for

OWNER = "owner@postlude.localhost"
NEWS = ("List-Unsubscribe: <https://news.example/u>",)


@pytest.fixture
def running(shared_postlude: Postlude) -> Postlude:
    return shared_postlude


@pytest.fixture
def bob() -> str:
    """An address that this test alone writes to."""
    return f"bob.{uuid.uuid4().hex}@customer.test"


def submit(running: Postlude, name: str, *lines: str, to: str, password: str = "") -> str:
    message_id = f"{name}.{to.partition('@')[0]}@postlude.localhost"
    head = (f"From: {OWNER}", f"To: {to}", f"Subject: {name}", f"Message-ID: <{message_id}>", *lines)
    with smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=15) as client:
        client.login(OWNER, password or running.login().password)
        client.sendmail(OWNER, [to], "\r\n".join((*head, "", "Hello Bob", "")).encode())
    return message_id


def became(running: Postlude, message_id: str) -> tuple[str, str, str]:
    """Purpose, status and what is told of the one copy, once it has an outcome."""

    def look() -> tuple[str, str, str] | None:
        found = running.timeline(message_id)
        message = found["messages"][0]["message"] if found else {"copies": []}
        if not message["copies"] or message["copies"][0]["status"] not in {"sent", "suppressed"}:
            return None
        return message["purpose"], message["copies"][0]["status"], message["copies"][0]["text"]

    return wait_for(message_id, look, 20, pause=0.2)


def received(running: Postlude, subject: str, recipient: str) -> bytes:
    outbox = SandboxOutbox(running.data / "mailbox", SystemClock())

    def look() -> bytes | None:
        mails = (outbox.get(one.id) for one in outbox.list(limit=100))
        mine = (raw for mail, raw in mails if mail.envelope.rcpt_to == recipient)
        return next((raw for raw in mine if f"Subject: {subject}\r\n".encode() in raw), None)

    return wait_for(subject, look, 20)


def leave(raw: bytes) -> None:
    """RFC 8058 on the link Postlude put in."""
    fields = raw.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    url = next(part for part in fields.replace(">", "<").split("<") if part.startswith("http") and "/u/" in part)
    with urllib.request.urlopen(urllib.request.Request(url, b"List-Unsubscribe=One-Click"), timeout=10) as done:
        assert done.status == 200


@pytest.fixture
def left(running: Postlude, bob: str) -> str:
    """An address that got a mailing and left."""
    submit(running, "first", "X-Postlude-Purpose: mailing", "X-Postlude-Unsubscribe: on", to=bob)
    leave(received(running, "first", bob))
    wait_for("the wish", lambda: bob in running.run("suppressions", "list").out, 20)
    return bob


@pytest.mark.parametrize(
    ("line", "purpose"),
    [("X-Postlude-Purpose: mailing", "mailing"), ("X-Postlude-Purpose: transactional", "transactional")],
)
def test_a_named_purpose_holds_and_is_not_sent_along(running: Postlude, bob: str, line: str, purpose: str) -> None:
    assert became(running, submit(running, "first", line, to=bob))[:2] == (purpose, "sent")
    assert b"x-postlude-" not in received(running, "first", bob).lower()


@pytest.mark.parametrize("line", [NEWS[0], "Precedence: bulk"], ids=["newsletter", "bulk"])
def test_who_left_gets_no_mailing(running: Postlude, left: str, line: str) -> None:
    purpose, status, text = became(running, submit(running, "again", line, to=left))
    assert purpose == "mailing"
    assert status == "suppressed"
    assert "unsubscribed from mailings" in text


def test_who_left_gets_every_receipt_and_personal_mail(running: Postlude, left: str) -> None:
    receipt = submit(running, "receipt", *NEWS, "X-Postlude-Purpose: transactional", to=left)
    assert became(running, receipt)[:2] == ("transactional", "sent")
    assert became(running, submit(running, "hello", to=left))[:2] == ("personal", "sent")


def test_a_password_of_a_shop_makes_its_mail_transactional(running: Postlude, left: str) -> None:
    shop = running.done("user", "password", OWNER, "--label", "shop", "--purpose", "transactional", "--json").json
    order = submit(running, "order", *NEWS, to=left, password=shop["password"])
    assert became(running, order)[:2] == ("transactional", "sent")


def test_that_somebody_left_is_told(running: Postlude, left: str) -> None:
    told = [entry["summary"] for entry in running.timeline(left)["messages"][-1]["timeline"]]
    assert "Unsubscribed from all mailings" in told


def test_an_address_that_is_gone_gets_nothing_and_a_wrong_purpose_is_refused(running: Postlude, bob: str) -> None:
    assert running.run("suppressions", "add", bob, "--reason", "unknown_user").code == 0
    for name, line in (
        ("a", "X-Postlude-Purpose: transactional"),
        ("b", "X-Postlude-Purpose: personal"),
        ("c", NEWS[0]),
    ):
        purpose, status, text = became(running, submit(running, name, line, to=bob))
        assert purpose == {"a": "transactional", "b": "personal", "c": "mailing"}[name]
        assert status == "suppressed"
        assert "suppression list (unknown_user)" in text
    with pytest.raises(smtplib.SMTPDataError, match="personal, transactional, mailing"):
        submit(running, "d", "X-Postlude-Purpose: newsletter", to=bob)


def test_the_command_line_names_a_purpose(running: Postlude, bob: str, tmp_path: Path) -> None:
    assert running.run("suppressions", "add", bob, "--reason", "unsubscribed").code == 0
    file = tmp_path / "mail.eml"
    file.write_bytes(f"From: {OWNER}\r\nTo: {bob}\r\nSubject: x\r\n\r\nHello\r\n".encode())
    for purpose, status in (("mailing", "suppressed"), ("transactional", "sent"), ("personal", "sent")):
        done = running.run("send", file, "--purpose", purpose, "--json")
        assert [one["status"] for one in done.json["recipients"]] == [status], done


def test_a_page_in_the_readers_language_ends_all_mailings(running: Postlude, bob: str) -> None:
    submit(running, "first", "X-Postlude-Purpose: mailing", "X-Postlude-Unsubscribe: on", to=bob)
    fields = received(running, "first", bob).partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    url = next(part for part in fields.replace(">", "<").split("<") if part.startswith("http") and "/u/" in part)
    request = urllib.request.Request(url, headers={"Accept-Language": "de"})
    with urllib.request.urlopen(request, timeout=10) as page:
        assert "Mailings" in page.read().decode()
    form = urllib.parse.urlencode({"unsubscribe": "1"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, form), timeout=10) as page:
        assert "no more mailings from this sender" in page.read().decode()
    wait_for("the wish", lambda: bob in running.run("suppressions", "list").out, 20)
