"""What cannot work says why, what to do about it, and ends with its own exit code; what was accepted stays."""

import contextlib
import os
import smtplib
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from servers.commands import Done, run, run_apart
from servers.disk import fill
from servers.example_mails import offer
from servers.pair import ALICE, BOB, UNKNOWN_DOMAIN, Servers
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, wait_for

BAD_INPUT, SETTING, IN_USE, STORAGE = 2, 3, 4, 5


def sandboxed(tmp_path: Path, **settings: object) -> dict[str, object]:
    return {"data": tmp_path / "data", **settings}


def refused(done: Done, code: int, *words: str) -> None:
    """One message for people on standard error, nothing else, and the exit code."""
    assert done.code == code, done
    assert done.out == "", done
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ("cannot read", "No such file")),
        (b"", ("not a message", "header")),
        (b"\x00\xff\xfe binary \x80" * 100, ("not a message",)),
        (b"Hello, there is no header here\n\nat all\n", ("not a message",)),
        (b"Subject: nobody\n\nwrote this\n", ("From", "--from")),
        (b"From: alice@sender.test\nSubject: to nobody\n\nx\n", ("recipient", "--to")),
    ],
    ids=["missing", "empty", "binary", "no-header", "no-sender", "no-recipient"],
)
def test_a_file_that_is_no_message(tmp_path: Path, content: bytes | None, words: tuple[str, ...]) -> None:
    file = tmp_path / "mail.eml"
    if content is not None:
        file.write_bytes(content)
    refused(run("send", file, settings=sandboxed(tmp_path)), BAD_INPUT, *words)


@pytest.mark.parametrize("command", [("instrument",), ("links",), ("feedback", "parse")])
def test_every_command_that_reads_files_says_which_it_cannot_read(tmp_path: Path, command: tuple[str, ...]) -> None:
    refused(run(*command, tmp_path / "missing.eml"), BAD_INPUT, "missing.eml")


def test_an_oversized_file(tmp_path: Path) -> None:
    file = tmp_path / "big.eml"
    file.write_bytes(offer(ALICE, [BOB]).as_bytes() + b"x" * 20_000)
    done = run("send", file, settings=sandboxed(tmp_path, max_message_bytes=10_000))
    refused(done, BAD_INPUT, "POSTLUDE_MAX_MESSAGE_BYTES", "10000")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"web_port": "eighty"}, ("POSTLUDE_WEB_PORT", "whole number")),
        ({"edge_url": "t.example.com"}, ("POSTLUDE_EDGE_URL", "https://t.example.com")),
        ({"web_prot": "8700"}, ("unknown setting POSTLUDE_WEB_PROT", "POSTLUDE_WEB_PORT")),
        ({"smtp_user": "alice"}, ("smtp_user", "smtp_password")),
        ({"state_url": "mysql://localhost/x"}, ("state_url", "postgresql")),
    ],
    ids=["bad", "bad-url", "unknown", "half", "unknown-database"],
)
def test_a_setting_that_cannot_be(tmp_path: Path, settings: dict[str, object], words: tuple[str, ...]) -> None:
    refused(run("up", settings=sandboxed(tmp_path, **settings)), SETTING, *words)
    assert not (tmp_path / "data" / "state.sqlite").exists()


def test_ports_that_are_all_taken(tmp_path: Path) -> None:
    """One that is taken is tried again, since the others are of use: tests/e2e/test_supervision.py."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(4)]
        names = ("web", "edge", "relay", "inbound")
        ports = {f"{name}_port": server.getsockname()[1] for name, server in zip(names, servers, strict=True)}
        refused(run("up", settings=sandboxed(tmp_path, **ports)), IN_USE, "already in use", "POSTLUDE_WEB_PORT")


@pytest.mark.parametrize("endpoint", ["edge", "relay", "inbound"])
def test_a_port_that_is_taken(tmp_path: Path, endpoint: str) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        settings = sandboxed(tmp_path, **{f"{endpoint}_port": taken.getsockname()[1]})
        refused(run(endpoint, settings=settings), IN_USE, "already in use", f"POSTLUDE_{endpoint.upper()}_PORT")


def test_a_second_instance_on_the_folder(postlude: Callable[..., Postlude], tmp_path: Path) -> None:
    first = postlude()
    free = {f"{name}_port": 0 for name in ("web", "edge", "relay", "inbound")}
    second = run("up", settings={"data": first.data, **free})
    refused(second, IN_USE, str(first.data), str(first.child.pid), "POSTLUDE_DATA")
    assert first.child.code is None
    assert tmp_path in first.data.parents


def test_a_data_folder_that_is_read_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o555)
    # root may write anywhere, except when it gives that right away
    prefix = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    ports = {f"{name}_port": 0 for name in ("web", "edge", "relay", "inbound")}
    refused(run_apart(prefix, "up", settings={"data": folder, **ports}), STORAGE, str(folder), "permissions")


def test_a_wrong_password_at_the_relay(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    user, password = running.login()
    for login in ((user, "wrong"), ("nobody@sender.test", password)):
        with smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=10) as client:
            with pytest.raises(smtplib.SMTPAuthenticationError) as answer:
                client.login(*login)
            assert answer.value.smtp_code == 535
            assert b"5.7.8" in answer.value.smtp_error
    with smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=10) as client:
        client.ehlo()
        assert client.mail(user)[0] == 530


def test_an_oversized_mail_at_the_relay(postlude: Callable[..., Postlude]) -> None:
    running = postlude(max_message_bytes=20_000)
    big = offer(running.login().user, [BOB]).as_bytes() + b"x" * 100 + (b"y" * 70 + b"\r\n") * 400
    with smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=10) as client:
        client.login(*running.login())
        assert client.esmtp_features["size"] == "20000"
        code, answer = client.docmd("MAIL", f"FROM:<{running.login().user}> SIZE={len(big)}")
        assert code == 552
        assert b"5.3.4" in answer
        client.rset()
        client.mail(running.login().user)  # announces no size, so it is only seen when it comes
        client.rcpt(BOB)
        assert client.data(big)[0] == 552


def test_a_domain_the_next_server_does_not_know(postlude: Callable[..., Postlude], mail: Servers) -> None:
    running = postlude(smtp_host=LOOPBACK, smtp_port=mail.smtp_port, smtp_tls="none")
    running.submit(ALICE, [BOB, UNKNOWN_DOMAIN], offer(ALICE, [BOB, UNKNOWN_DOMAIN]))
    mail.wait_for_mail(BOB, "Our offer")

    def copy_to(address: str) -> dict[str, object]:
        found = running.timeline(address)
        return found["messages"][0]["message"]["copies"][0] if found else {}

    wait_for("the refusal", lambda: copy_to(UNKNOWN_DOMAIN).get("status") == "rejected", pause=0.2)
    refusal = copy_to(UNKNOWN_DOMAIN)
    assert refusal["code"] == 550
    assert "unknown domain" in str(refusal["text"])
    assert copy_to(BOB)["status"] == "sent"


def test_a_full_disk_stops_the_start(small_disk: Path) -> None:
    fill(small_disk)
    ports = {f"{name}_port": 0 for name in ("web", "edge", "relay", "inbound")}
    refused(run("up", settings={"data": small_disk / "data", **ports}), STORAGE, "No space left", "Free space")


def test_a_disk_that_fills_while_running_loses_nothing(postlude: Callable[..., Postlude], small_disk: Path) -> None:
    running = postlude(data=small_disk / "data")
    sender = running.login().user
    running.submit(sender, [BOB], offer(sender, [BOB], subject="before"))
    before = wait_for("the first mail", lambda: running.timeline(BOB), pause=0.2)
    ballast = fill(small_disk)
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        running.submit(sender, [BOB], offer(sender, [BOB], subject="while full " + "x" * 5000))
    assert refusal.value.smtp_code in {451, 452}  # the client keeps it and comes again
    with urllib.request.urlopen(f"{running.edge_url}/i/x.gif", timeout=10) as picture:
        assert picture.read().startswith(b"GIF8")
    assert running.child.code is None
    ballast.unlink()
    running.submit(sender, [BOB], offer(sender, [BOB], subject="after"))
    wait_for("the mail sent after", lambda: len(running.timeline(BOB)["messages"]) == 2, pause=0.2)
    subjects = {found["message"]["subject"] for found in running.timeline(BOB)["messages"]}
    assert subjects == {"before", "after"}
    assert before["messages"][0]["message"]["subject"] == "before"
