"""What a message is for decides whether it reaches who left: by the real relay, with a real unsubscribe link."""

import smtplib
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.kit.clock import SystemClock
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, wait_for

OWNER, BOB, GONE = "owner@postlude.localhost", "bob@customer.test", "unknown-user@customer.test"
NEWS = ("List-Unsubscribe: <https://news.example/u>",)


@pytest.fixture
def running(postlude: Callable[..., Postlude]) -> Postlude:
    return postlude()


def submit(running: Postlude, name: str, *lines: str, to: str = BOB, password: str = "") -> str:
    head = (f"From: {OWNER}", f"To: {to}", f"Subject: {name}", f"Message-ID: <{name}@postlude.localhost>", *lines)
    with smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=15) as client:
        client.login(OWNER, password or running.login().password)
        client.sendmail(OWNER, [to], "\r\n".join((*head, "", "Hello Bob", "")).encode())
    return f"{name}@postlude.localhost"


def became(running: Postlude, message_id: str) -> tuple[str, str, str]:
    """Purpose, status and what is told of the one copy, once it has an outcome."""

    def look() -> tuple[str, str, str] | None:
        found = running.timeline(message_id)
        message = found["messages"][0]["message"] if found else {"copies": []}
        if not message["copies"] or message["copies"][0]["status"] not in {"sent", "suppressed"}:
            return None
        return message["purpose"], message["copies"][0]["status"], message["copies"][0]["text"]

    return wait_for(message_id, look, 20, pause=0.2)


def received(running: Postlude, subject: str) -> bytes:
    outbox = SandboxOutbox(running.data / "mailbox", SystemClock())

    def look() -> bytes | None:
        mails = (outbox.get(one.id)[1] for one in outbox.list(limit=100))
        return next((raw for raw in mails if f"Subject: {subject}\r\n".encode() in raw), None)

    return wait_for(subject, look, 20)


def leave(raw: bytes) -> None:
    """RFC 8058 on the link Postlude put in."""
    fields = raw.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    url = next(part for part in fields.replace(">", "<").split("<") if part.startswith("http") and "/u/" in part)
    with urllib.request.urlopen(urllib.request.Request(url, b"List-Unsubscribe=One-Click"), timeout=10) as done:
        assert done.status == 200


def test_who_left_gets_no_mailing_and_every_receipt(running: Postlude) -> None:
    first = submit(running, "first", "X-Postlude-Purpose: mailing", "X-Postlude-Unsubscribe: on")
    assert became(running, first)[:2] == ("mailing", "sent")
    raw = received(running, "first")
    assert b"x-postlude-" not in raw.lower()
    leave(raw)
    wait_for("the wish", lambda: BOB in running.run("suppressions", "list").out, 20)

    purpose, status, text = became(running, submit(running, "newsletter", *NEWS))
    assert purpose == "mailing"
    assert status == "suppressed"
    assert "unsubscribed from mailings" in text
    assert became(running, submit(running, "bulk", "Precedence: bulk"))[:2] == ("mailing", "suppressed")
    receipt = submit(running, "receipt", *NEWS, "X-Postlude-Purpose: transactional")
    assert became(running, receipt)[:2] == ("transactional", "sent")
    assert b"x-postlude-" not in received(running, "receipt").lower()
    assert became(running, submit(running, "hello"))[:2] == ("personal", "sent")

    shop = running.run("user", "password", OWNER, "--label", "shop", "--purpose", "transactional", "--json").json
    assert shop["login"] == OWNER
    order = submit(running, "order", *NEWS, password=shop["password"])
    assert became(running, order)[:2] == ("transactional", "sent")
    told = [entry["summary"] for entry in running.timeline(BOB)["messages"][-1]["timeline"]]
    assert "Unsubscribed from all mailings" in told


def test_an_address_that_is_gone_gets_nothing_and_a_wrong_purpose_is_refused(running: Postlude) -> None:
    assert running.run("suppressions", "add", GONE, "--reason", "unknown_user").code == 0
    for name, line in (
        ("a", "X-Postlude-Purpose: transactional"),
        ("b", "X-Postlude-Purpose: personal"),
        ("c", NEWS[0]),
    ):
        purpose, status, text = became(running, submit(running, name, line, to=GONE))
        assert purpose == {"a": "transactional", "b": "personal", "c": "mailing"}[name]
        assert status == "suppressed"
        assert "suppression list (unknown_user)" in text
    with pytest.raises(smtplib.SMTPDataError, match="personal, transactional, mailing"):
        submit(running, "d", "X-Postlude-Purpose: newsletter")


def test_the_command_line_names_a_purpose(running: Postlude, tmp_path: Path) -> None:
    assert running.run("suppressions", "add", BOB, "--reason", "unsubscribed").code == 0
    file = tmp_path / "mail.eml"
    file.write_bytes(f"From: {OWNER}\r\nTo: {BOB}\r\nSubject: x\r\n\r\nHello\r\n".encode())
    for purpose, status in (("mailing", "suppressed"), ("transactional", "sent"), ("personal", "sent")):
        done = running.run("send", file, "--purpose", purpose, "--json")
        assert [one["status"] for one in done.json["recipients"]] == [status], done


def test_a_page_in_the_readers_language_ends_all_mailings(running: Postlude) -> None:
    submit(running, "first", "X-Postlude-Purpose: mailing", "X-Postlude-Unsubscribe: on")
    fields = received(running, "first").partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
    url = next(part for part in fields.replace(">", "<").split("<") if part.startswith("http") and "/u/" in part)
    request = urllib.request.Request(url, headers={"Accept-Language": "de"})
    with urllib.request.urlopen(request, timeout=10) as page:
        assert "Mailings" in page.read().decode()
    form = urllib.parse.urlencode({"unsubscribe": "1"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, form), timeout=10) as page:
        assert "no more mailings from this sender" in page.read().decode()
    wait_for("the wish", lambda: "unsubscribed" in running.run("suppressions", "list").out, 20)
