"""How long returned mail is kept: with the real spool, digest and stores."""

import os
import threading
import time

import pytest

from postlude.journal import PARTS
from postlude.model.errors import StorageError
from postlude.services.feedback.mail_retention import DAY_S, ReturnedKeeping
from servers.waiting import wait_for

from .conftest import BOB, Desk
from .letters import dsn

STRANGE = b"From: carol@other.test\r\nTo: r@bounce.sender.test\r\nSubject: %s\r\n\r\n%s\r\n"


def aged(desk: Desk, mail: int, days: float) -> int:
    stored = time.time() - days * DAY_S
    os.utime(desk.spool_in.path(mail), (stored, stored))
    return mail


def sweep(desk: Desk) -> None:
    keeping = ReturnedKeeping(desk.spool_in, PARTS, desk.store.feedback.asked_about, desk.parts.clock)
    for _ in range(PARTS):
        keeping()


def kept(desk: Desk, mails: dict[str, int]) -> set[str]:
    return {name for name, mail in mails.items() if desk.spool_in.path(mail).exists()}


def test_a_week_and_longer_while_somebody_is_asked(desk: Desk):
    (copy,) = desk.sent(BOB)
    tied = desk.returned(dsn(BOB), desk.tag(copy))
    asked = [desk.returned(STRANGE % (name, name), "r+x@bounce.sender.test") for name in (b"one", b"two", b"three")]
    rows = {row.mail: row for row in desk.store.feedback.list_unmatched()}
    assert set(rows) == set(asked)
    desk.resolve(rows[asked[2]].id)
    never_journaled = 77
    desk.spool_in.put(never_journaled, b"the writer was killed before the journal spoke of it")
    fresh = desk.returned(dsn(BOB), desk.tag(copy))
    mails = {
        "tied": aged(desk, tied, 8.1),
        "asked": aged(desk, asked[0], 89),
        "asked long ago": aged(desk, asked[1], 90.1),
        "dismissed": aged(desk, asked[2], 8.1),
        "never journaled": aged(desk, never_journaled, 8.1),
        "the journal may be read again": aged(desk, fresh, 7.9),
    }
    sweep(desk)
    assert kept(desk, mails) == {"asked", "the journal may be read again"}
    assert desk.kinds(copy) == ["bounced"]
    desk.resolve(rows[asked[0]].id)
    desk.resolve(rows[asked[1]].id)  # without its mail
    sweep(desk)
    assert kept(desk, mails) == {"the journal may be read again"}


def test_a_full_round_of_the_digest_does_it(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("postlude.services.digest.loop._TRIM_SECONDS", 0)
    desk.spool_in.put(1, b"old")
    aged(desk, 1, 9)
    stop = threading.Event()
    running = threading.Thread(target=desk.digest.run, args=(stop,))
    running.start()
    try:
        wait_for("the old mail to go", lambda: not desk.spool_in.path(1).exists(), 10)
    finally:
        stop.set()
        running.join()
    assert not desk.spool_in.path(1).exists()


def test_what_cannot_be_deleted_stops_nothing_else(desk: Desk, caplog: pytest.LogCaptureFixture):
    class Broken:
        def __init__(self) -> None:
            self.asked: list[int] = []

        def older(self, part: int, before: float) -> dict[int, float]:
            self.asked.append(part)
            return {1: before - 1}

        def delete(self, id: int) -> None:  # noqa: A002 - the spool's word
            raise StorageError(f"{id}: read-only file system")

    broken = Broken()
    keeping = ReturnedKeeping(broken, 2, desk.store.feedback.asked_about, desk.parts.clock)
    for _ in range(3):
        keeping()
    assert broken.asked == [0, 1, 0]
    assert "read-only file system" in caplog.text
