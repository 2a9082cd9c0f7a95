"""Real clients against a running relay."""

import asyncio
import base64
import smtplib
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from postlude.journal import JournalReader, JournalWriter, checksum
from postlude.model.observation import Submitted, decode_observation
from servers.smtp_process import Folder, Starter

ALICE = "alice@example.org"
PASSWORD = "correct horse"
RAW_MAIL = "From: Alice <alice@example.org>\r\nTo: bob@example.com\r\nSubject: Hi\r\n\r\nHello\r\n.dot\r\n..two\r\n"


def client(port: int, *, login: bool = True) -> smtplib.SMTP:
    connection = smtplib.SMTP("127.0.0.1", port, timeout=10)
    if login:
        connection.login(ALICE, PASSWORD)
    return connection


async def run(function: Callable[..., Any], *args: object) -> Any:
    return await asyncio.to_thread(function, *args)


def send(port: int, raw_mail: str = RAW_MAIL, to: Sequence[str] = ("bob@example.com",)) -> dict[str, tuple[int, bytes]]:
    with client(port) as connection:
        return connection.sendmail(ALICE, list(to), raw_mail.encode())


async def test_a_message_is_one_submission_with_all_recipients(folder: Folder, relay: Starter) -> None:
    to = ["bob@example.com", "carol@example.com", "hidden@example.com"]
    async with relay() as port:
        assert await run(send, port, RAW_MAIL, to) == {}
    (seen,) = folder.observations()
    assert isinstance(seen, Submitted)
    assert seen.user == 7
    assert seen.via == "relay"
    assert seen.mail_from == ALICE
    assert list(seen.recipients) == to
    stored = folder.spool.get(seen.message)
    assert stored.endswith(b"\r\n\r\nHello\r\n.dot\r\n..two\r\n")
    assert b"\nMessage-ID: <" in stored
    assert b"with ESMTPA;" in stored


async def test_envid_and_utf8_are_kept(folder: Folder, relay: Starter) -> None:
    def submit(port: int) -> None:
        with client(port) as connection:
            connection.sendmail(
                ALICE,
                ["dörte@example.com"],
                RAW_MAIL.encode(),
                mail_options=["SMTPUTF8", "ENVID=a+2Bb", "RET=HDRS", "BODY=8BITMIME"],
                rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;x@example.com"],
            )

    async with relay() as port:
        await run(submit, port)
    (seen,) = folder.observations()
    assert seen.envid == "a+b"
    assert seen.recipients == ("dörte@example.com",)


def dialogue(port: int, *commands: str) -> list[str]:
    """The last line of every reply."""
    replies = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock, sock.makefile("rwb") as stream:

        def reply() -> None:
            while True:
                line = stream.readline().decode()
                if line[3:4] != "-":
                    break
            replies.append(line.strip())

        reply()
        for command in commands:
            stream.write(command.encode() + b"\r\n")
            stream.flush()
            reply()
    return replies


PLAIN = "AUTH PLAIN " + base64.b64encode(f"\0{ALICE}\0{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["EHLO x", "MAIL FROM:<alice@example.org>"], "530 5.7.0"),
        (["MAIL FROM:<alice@example.org>"], "503"),
        (["EHLO x", "RCPT TO:<bob@example.com>"], "503 5.5.1"),
        (["EHLO x", "auth plain", "*"], "501 5.5.2"),
        (["EHLO x", "AUTH PLAIN !!!"], "501 5.5.2"),
        (["EHLO x", "AUTH CRAM-MD5"], "504 5.5.4"),
        (["EHLO x", PLAIN, PLAIN], "503 5.5.1"),
        (["EHLO x", PLAIN, "MAIL FROM:<eve@example.com>"], "550 5.7.1"),
        (["EHLO x", PLAIN, "MAIL FROM:<bob@team.example.org>"], "250 2.1.0"),
        (["EHLO x", PLAIN, "MAIL FROM:<>"], "250 2.1.0"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org> SIZE=99999999999"], "552 5.3.4"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org> SIZE=x"], "501 5.5.4"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org> FOO=1"], "555 5.5.4"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org> BODY=BINARYMIME"], "501 5.5.4"),
        (["EHLO x", PLAIN, "MAIL alice"], "501 5.5.4"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "MAIL FROM:<alice@example.org>"], "503 5.5.1"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "RCPT TO:<bob>"], "553 5.1.3"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "RCPT TO:<>"], "550 5.1.3"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "RCPT TO:<bob@nowhere.invalid>"], "550 5.1.2"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "RCPT TO:<bob@a..b>"], "553 5.1.2"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "RCPT TO:<dörte@example.com>"], "553 5.6.7"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", f"RCPT TO:<{'b' * 65}@example.com>"], "553 5.1.3"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "DATA"], "503 5.5.1"),
        (["EHLO x", PLAIN, "MAIL FROM:<alice@example.org>", "RSET", "DATA"], "503 5.5.1"),
    ],
)
async def test_each_refusal_has_its_code(folder: Folder, relay: Starter, commands: list[str], expected: str) -> None:
    async with relay() as port:
        replies = await run(dialogue, port, *commands)
    assert replies[-1].startswith(expected)
    assert folder.observations() == []


async def test_a_wrong_password_is_answered_and_the_right_one_still_works(relay: Starter) -> None:
    def attempt(port: int) -> int:
        with client(port, login=False) as connection:
            with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
                connection.login(ALICE, "wrong")
            assert b"app password" in caught.value.smtp_error
            connection.login(ALICE, PASSWORD)
            return caught.value.smtp_code

    async with relay() as port:
        assert await run(attempt, port) == 535


async def test_an_address_that_guesses_is_slowed_down(relay: Starter) -> None:
    def guess(port: int) -> bytes:
        for number in range(6):
            with client(port, login=False) as connection:
                code, text = connection.docmd("EHLO", "x")
                code, text = connection.docmd("AUTH", "PLAIN " + base64.b64encode(f"\0a\0{number}".encode()).decode())
                if code == 454:
                    return text
        return b""

    async with relay() as port:
        assert b"Too many wrong passwords" in await run(guess, port)


@pytest.mark.parametrize(
    ("raw_mail", "code"),
    [
        (RAW_MAIL.replace("alice@", "eve@"), 550),
        (RAW_MAIL.replace("From: ", "From: eve@example.com\r\nFrom: "), 554),
        (RAW_MAIL.replace("From: Alice", "Sender: eve@example.com\r\nFrom: Alice"), 550),
        (RAW_MAIL.replace("From:", "X-From:"), 554),
        ("Received: x\r\n" * 51 + RAW_MAIL, 554),
        ("no mail at all", 554),
    ],
)
async def test_a_message_that_may_not_leave_is_refused(
    folder: Folder, relay: Starter, raw_mail: str, code: int
) -> None:
    def attempt(port: int) -> int:
        with pytest.raises(smtplib.SMTPDataError) as caught:
            send(port, raw_mail)
        return caught.value.smtp_code

    async with relay() as port:
        assert await run(attempt, port) == code
    assert folder.observations() == []


@pytest.mark.parametrize(
    "body",
    [
        b"a\n.\nMAIL FROM:<alice@example.org>\nRCPT TO:<victim@example.com>\nDATA\nFrom: x\r\n",
        b"a\r\n.\nMAIL FROM:<alice@example.org>\r\n",
        b"a\n.\r\nMAIL FROM:<alice@example.org>\r\n",
        b"a\r.\rMAIL FROM:<alice@example.org>\r\n",
        b"a\r\n.\r\r\nMAIL FROM:<alice@example.org>\r\n",
    ],
)
async def test_smuggling_is_refused(folder: Folder, relay: Starter, body: bytes) -> None:
    def attempt(port: int) -> tuple[int, bytes]:
        with client(port) as connection:
            connection.ehlo()
            connection.mail(ALICE)
            connection.rcpt("bob@example.com")
            connection.docmd("DATA")
            connection.send(b"From: alice@example.org\r\n\r\n" + body + b"\r\n.\r\n")
            first = connection.getreply()
            assert connection.noop()[0] == 250
            return first

    async with relay() as port:
        code, text = await run(attempt, port)
    assert code == 550
    assert text.startswith(b"5.6.11")
    assert folder.observations() == []


async def test_the_size_limit_holds_without_the_parameter(folder: Folder, relay: Starter) -> None:
    def attempt(port: int) -> int:
        with client(port) as connection:
            connection.ehlo()
            connection.mail(ALICE)
            connection.rcpt("bob@example.com")
            code, _ = connection.data(RAW_MAIL.encode() + b"x" * 78 * 10_000)
            assert connection.noop()[0] == 250
            return code

    async with relay(max_message_bytes=500_000) as port:
        assert await run(attempt, port) == 552
    assert folder.observations() == []


async def test_large_messages_arrive_whole(folder: Folder, relay: Starter) -> None:
    body = b"".join(b"%06d line of text\r\n" % number for number in range(40_000))

    async with relay() as port:
        await run(send, port, RAW_MAIL + body.decode())
    (seen,) = folder.observations()
    assert folder.spool.get(seen.message).endswith(body)


async def test_an_empty_message_ends_at_once(relay: Starter) -> None:
    async with relay() as port:
        replies = await run(
            dialogue, port, "EHLO x", PLAIN, f"MAIL FROM:<{ALICE}>", "RCPT TO:<b@example.com>", "DATA", "."
        )
    assert replies[-1].startswith("554 5.6.0")


async def test_pipelined_commands_behind_the_message_are_read(folder: Folder, relay: Starter) -> None:
    def attempt(port: int) -> list[bytes]:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock, sock.makefile("rwb") as stream:
            commands = ["EHLO x", PLAIN]
            for to in ("b", "c"):
                commands += [f"MAIL FROM:<{ALICE}>", f"RCPT TO:<{to}@example.com>", "DATA", RAW_MAIL + "."]
            stream.write("\r\n".join([*commands, "QUIT", ""]).encode())
            stream.flush()
            return [line for line in stream.read().splitlines() if line[3:4] != b"-"]

    async with relay() as port:
        replies = await run(attempt, port)
    assert [reply[:3] for reply in replies] == [b"220", b"250", b"235", *[b"250", b"250", b"354", b"250"] * 2, b"221"]
    assert len(folder.observations()) == 2


async def test_swaks_submits(folder: Folder, relay: Starter) -> None:
    command = ["swaks", "--server", "127.0.0.1", "--au", ALICE, "--ap", PASSWORD, "--from", ALICE]
    command += ["--to", "bob@example.com,carol@example.com", "--auth", "LOGIN", "--body", "hello", "--silent", "2"]
    async with relay() as port:
        done = await run(
            lambda: subprocess.run(
                [*command, "--port", str(port)], capture_output=True, text=True, timeout=30, check=False
            )
        )
    assert done.returncode == 0, done.stdout + done.stderr
    (seen,) = folder.observations()
    assert seen.recipients == ("bob@example.com", "carol@example.com")


async def test_msmtp_submits(folder: Folder, relay: Starter, tmp_path: Path) -> None:
    config = tmp_path / "msmtprc"
    async with relay() as port:
        config.write_text(
            f"account default\nhost 127.0.0.1\nport {port}\nauth plain\ntls off\nuser {ALICE}\n"
            f'password "{PASSWORD}"\nfrom {ALICE}\n'
        )
        config.chmod(0o600)
        done = await run(
            lambda: subprocess.run(
                ["msmtp", "-C", str(config), "bob@example.com"],
                input=RAW_MAIL.replace("\r\n", "\n").encode(),
                capture_output=True,
                timeout=30,
                check=False,
            )
        )
    assert done.returncode == 0, done.stderr
    assert len(folder.observations()) == 1


async def test_a_large_message_goes_into_a_journal_of_its_own(folder: Folder, relay: Starter, tmp_path: Path) -> None:
    large = RAW_MAIL + "A line that is long enough to be one of many.\r\n.\r\n" * 60_000
    with closing(JournalWriter(tmp_path / "large", "relay-large")) as journal:
        async with relay(append_large=journal.append) as port:
            await run(send, port, large)
            await run(send, port)
    (small,) = folder.observations()
    assert isinstance(small, Submitted)
    (record,) = JournalReader(tmp_path / "large").read({}, 10)
    seen = decode_observation(record.data)
    assert isinstance(seen, Submitted)
    stored = folder.spool.get(seen.message)
    assert stored.endswith(large.partition("Hello")[2].encode())
    assert checksum(stored) == seen.checksum
    assert checksum(folder.spool.get(small.message)) == small.checksum
