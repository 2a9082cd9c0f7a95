"""The IMAP reader against Debian's Dovecot."""

import os
import shutil
import smtplib
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from postlude.adapters import imap
from postlude.adapters.imap import ImapConfig, ImapReader
from postlude.model.errors import StorageError
from postlude.services.feedback.folder_position import FolderMark
from servers.dovecot import Dovecot
from servers.waiting import LOOPBACK, wait_for

USER = "sender@sender.test"
pytestmark = [
    pytest.mark.postfix,
    pytest.mark.xdist_group("dovecot"),
    pytest.mark.skipif(
        os.getuid() != 0 or not shutil.which("dovecot"), reason="Dovecot wants root and to be installed"
    ),
]


class Place:
    """A watermark in memory."""

    def __init__(self) -> None:
        self.place: FolderMark | None = None

    def get(self) -> FolderMark | None:
        return self.place

    def put(self, validity: int, uid: int) -> None:
        self.place = FolderMark(validity, uid, datetime.now(UTC).date())


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    home = Path(tempfile.mkdtemp(prefix="postlude-imap-"))
    home.chmod(0o755)
    server = Dovecot(home, {USER: "secret"}, 0)
    server.ready()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Dovecot:
    dovecot.empty(USER)
    return dovecot


def deliver(server: Dovecot, *subjects: str) -> None:
    with smtplib.LMTP(LOOPBACK, server.lmtp_port) as client:
        for subject in subjects:
            client.sendmail("bob@example.com", [USER], f"Subject: {subject}\r\n\r\nbody\r\n".encode())


def reader(server: Dovecot, mark: Place, taken: list[bytes], **more: Any) -> ImapReader:
    config = ImapConfig(host=LOOPBACK, port=server.imap_port, tls=False, user=USER, password="secret", **more)
    return ImapReader(config, mark, taken.append)


def subjects(taken: list[bytes]) -> list[str]:
    return [line[9:].decode() for raw in taken for line in raw.split(b"\r\n") if line.startswith(b"Subject: ")]


def test_only_what_is_new_is_read_and_nothing_is_marked(mailbox: Dovecot) -> None:
    mark = Place()
    taken: list[bytes] = []
    deliver(mailbox, "old")
    one = reader(mailbox, mark, taken)
    assert one.read_once() == 0
    deliver(mailbox, "first", "second")
    assert one.read_once() == 2
    assert one.read_once() == 0
    assert subjects(taken) == ["first", "second"]
    with mailbox.imap(USER) as client:
        client.select("INBOX", readonly=True)
        assert len(client.search(None, "UNSEEN")[1][0].split()) == 3


def test_a_mail_that_could_not_be_stored_is_read_again(mailbox: Dovecot) -> None:
    mark = Place()
    taken: list[bytes] = []
    one = reader(mailbox, mark, taken)
    one.read_once()
    deliver(mailbox, "first", "second")

    def full(raw: bytes) -> None:
        if b"second" in raw:
            raise StorageError("disk full")
        taken.append(raw)

    one._take = full
    with pytest.raises(StorageError, match="disk full"):
        one.read_once()
    one._take = taken.append
    assert one.read_once() == 1
    assert subjects(taken) == ["first", "second"]


def test_another_uidvalidity_reads_what_came_since_the_last_look(mailbox: Dovecot) -> None:
    mark = Place()
    taken: list[bytes] = []
    deliver(mailbox, "only")
    with mailbox.imap(USER) as client:
        client.append("INBOX", None, '"01-Jan-2020 10:00:00 +0000"', b"Subject: long ago\r\n\r\nbody\r\n")
    mark.put(1, 4_000_000)
    one = reader(mailbox, mark, taken)
    assert one.read_once() == 1
    assert subjects(taken) == ["only"]
    deliver(mailbox, "next")
    assert one.read_once() == 1


def test_several_folders_are_followed_at_once_and_a_lost_connection_is_made_again(mailbox: Dovecot) -> None:
    with mailbox.imap(USER) as client:
        client.create("Junk")
    taken: list[bytes] = []
    stop, places = threading.Event(), [Place(), Place()]
    readers = [
        reader(mailbox, place, taken, folder=name) for place, name in zip(places, ("INBOX", "Junk"), strict=True)
    ]
    threads = [threading.Thread(target=one.run, args=(stop,)) for one in readers]
    for thread in threads:
        thread.start()
    try:
        wait_for("the first looks", lambda: all(place.place for place in places), 10)
        subprocess.run(["doveadm", "-c", mailbox.home / "dovecot.conf", "kick", USER], check=True, capture_output=True)
        wait_for("the loss to be noticed", lambda: all(one.problem for one in readers), 10)
        deliver(mailbox, "while away")
        with mailbox.imap(USER) as client:
            client.append("Junk", None, None, b"Subject: in junk\r\n\r\nbody\r\n")
        wait_for("both mails", lambda: sorted(subjects(taken)) == ["in junk", "while away"], 20)
        assert [one.problem for one in readers] == ["", ""]
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def test_a_mail_too_large_is_passed_over(mailbox: Dovecot) -> None:
    mark = Place()
    taken: list[bytes] = []
    one = reader(mailbox, mark, taken, max_message_bytes=1000)
    one.read_once()
    deliver(mailbox, "x" * 2000, "small")
    assert one.read_once() == 1
    assert subjects(taken) == ["small"]
    assert one.read_once() == 0


def test_idle_brings_mail_at_once_and_stops(mailbox: Dovecot) -> None:
    taken: list[bytes] = []
    mark, stop = Place(), threading.Event()
    thread = threading.Thread(target=reader(mailbox, mark, taken).run, args=(stop,))
    thread.start()
    try:
        wait_for("the first look", lambda: mark.place, 10)
        deliver(mailbox, "now")
        wait_for("the mail", lambda: subjects(taken) == ["now"], 10)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_a_server_that_stands_still_is_told(mailbox: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap, "_IDLE_RENEW_S", 0.2)
    monkeypatch.setattr(imap, "_SILENT_S", 0.5)
    mark, stop = Place(), threading.Event()
    reading = reader(mailbox, mark, [])
    thread = threading.Thread(target=reading.run, args=(stop,))
    thread.start()
    try:
        wait_for("the first look", lambda: mark.place, 10)
        with mailbox.standing_still():
            wait_for("word of it", lambda: "has lasted" in reading.problem, 30)
        wait_for("the end of it", lambda: not reading.problem, 30)
    finally:
        stop.set()
        thread.join()
