"""Debian's Postfix behind the relay, being difficult: what each copy's timeline says, and what is tried again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from servers.example_mails import offer
from servers.pair import (
    ALICE,
    AT_DATA,
    AT_END,
    BOB,
    BUSY,
    GREY,
    PASSWORD,
    REFUSED_DOMAIN,
    SLOW,
    UNKNOWN_DOMAIN,
    Servers,
)
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, free_port, wait_for

FINAL = {"sent", "rejected", "deferred", "indeterminate", "expired"}


def copies_of(running: Postlude, sender: str) -> dict[str, dict[str, Any]]:
    """Every copy by recipient."""
    found = running.timeline(sender).get("messages", [])
    return {copy["recipient"]: copy for one in found for copy in one["message"]["copies"]}


def submit(running: Postlude, *to: str) -> dict[str, dict[str, Any]]:
    """One message; its copies once each has an answer."""
    running.submit(ALICE, list(to), offer(ALICE, list(to)))
    copies: dict[str, dict[str, Any]] = {}

    def answered() -> bool:
        nonlocal copies
        copies = copies_of(running, ALICE)
        return set(to) <= copies.keys() and all(copies[one]["status"] in FINAL for one in to)

    wait_for("an answer for every copy", answered, 60, pause=0.3)
    return copies


def test_every_answer_of_postfix_is_in_the_timeline(postlude: Callable[..., Postlude], mail: Servers) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=mail.smtp_port, smtp_tls="none")
    refused = f"x@{REFUSED_DOMAIN}"
    copies = submit(running, BOB, GREY, SLOW, AT_DATA, AT_END, refused, UNKNOWN_DOMAIN)
    reported = {to: (copy["status"], copy["code"], copy["enhanced"]) for to, copy in copies.items()}
    assert reported == {
        BOB: ("sent", 250, "2.0.0"),
        SLOW: ("sent", 250, "2.0.0"),
        GREY: ("deferred", 450, "4.2.0"),
        AT_DATA: ("rejected", 550, "5.7.0"),
        AT_END: ("rejected", 554, "5.7.1"),
        refused: ("rejected", 550, "5.7.1"),
        UNKNOWN_DOMAIN: ("rejected", 550, "5.1.2"),
    }
    assert "unknown domain" in copies[UNKNOWN_DOMAIN]["text"]
    assert "looks like spam" in copies[AT_END]["text"]
    assert all(copy["server"] == f"{LOOPBACK}:{mail.smtp_port}" for copy in copies.values())
    mail.settled()
    assert [str(one["Subject"]) for one in mail.mailbox(BOB)] == ["Our offer"] * 2  # and nothing without content

    assert running.run("resend", copies[GREY]["copy"]).code == 0  # now instead of in a minute
    wait_for("the greylisted copy", lambda: copies_of(running, ALICE)[GREY]["status"] == "sent", 20)
    mail.settled()
    assert len(mail.mailbox(BOB)) == 3


def test_a_server_that_hangs_up_is_left_alone_for_a_while(postlude: Callable[..., Postlude], mail: Servers) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=mail.smtp_port, smtp_tls="none")
    copies = submit(running, BUSY)
    assert copies[BUSY]["status"] == "deferred"
    assert copies[BUSY]["code"] == 421
    assert copies[BUSY]["enhanced"] == "4.3.2"
    assert "come back later" in copies[BUSY]["text"]


def test_broken_starttls_is_never_passed_over_where_tls_is_asked_for(
    postlude: Callable[..., Postlude], mail: Servers
) -> None:
    strict = postlude(smtp_host=LOOPBACK, smtp_port=mail.postfix.broken_tls_port, smtp_tls="required")
    copies = submit(strict, BOB)
    assert copies[BOB]["status"] == "deferred"
    assert copies[BOB]["code"] == 454
    assert "tls: 454" in strict.run("check").out
    mail.settled()
    assert mail.mailbox(BOB) == []


def test_a_second_server_stands_in_for_one_that_is_gone(
    postlude: Callable[..., Postlude], mail: Servers, tmp_path: Path
) -> None:
    config = tmp_path / "postlude.toml"
    config.write_text(
        f'[[smtp]]\nname = "first"\nhost = "{LOOPBACK}"\nport = {free_port()}\ntls = "none"\n'
        f'[[smtp]]\nname = "second"\nhost = "{LOOPBACK}"\nport = {mail.submission_port}\ntls = "none"\n'
        f'user = "{ALICE}"\npassword = "{PASSWORD}"\n'
    )
    running = postlude(config=config)
    copies = submit(running, BOB)
    assert copies[BOB]["status"] == "sent"
    assert copies[BOB]["server"] == f"{LOOPBACK}:{mail.submission_port}"
    assert mail.wait_for_mail(BOB, "Our offer")


def test_a_wrong_password_upstream_keeps_every_copy(postlude: Callable[..., Postlude], mail: Servers) -> None:
    running = postlude(
        smtp_host=LOOPBACK, smtp_port=mail.submission_port, smtp_tls="none", smtp_user=ALICE, smtp_password="wrong"
    )
    copies = submit(running, BOB)
    assert copies[BOB]["status"] == "deferred"
    assert copies[BOB]["code"] == 535
    assert "auth: 535" in running.run("check").out
