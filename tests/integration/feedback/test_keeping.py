"""How long returned mail is kept: with the real spool, digest and stores."""

import os
import threading
import time

import pytest
from sqlalchemy import update

from postlude.journal import PARTS
from postlude.model.errors import StorageError
from postlude.services.feedback.mail_retention import DAY_S, ReturnedKeeping
from postlude.store.feedback.tables import unmatched
from servers.waiting import wait_for

from .conftest import BOB, World
from .example_mails import dsn

STRANGE = b"From: carol@other.test\r\nTo: r@bounce.sender.test\r\nSubject: %s\r\n\r\n%s\r\n"


def aged(world: World, mail: int, days: float) -> int:
    stored = time.time() - days * DAY_S
    os.utime(world.spool_in.path(mail), (stored, stored))
    return mail


def sweep(world: World) -> None:
    keeping = ReturnedKeeping(world.spool_in, PARTS, world.store.feedback.asked_about, world.parts.clock)
    for _ in range(PARTS):
        keeping()


def asked_days_ago(world: World, mails: dict[int, float]) -> None:
    with world.store.feedback._database.write() as connection:
        for mail, days in mails.items():
            at = world.parts.clock.now() - int(days * 86_400_000_000)
            connection.execute(update(unmatched).where(unmatched.c.mail == mail).values(at=at))


def kept(world: World, mails: dict[str, int]) -> set[str]:
    return {name for name, mail in mails.items() if world.spool_in.path(mail).exists()}


def test_a_week_and_longer_while_somebody_is_asked(world: World) -> None:
    (copy,) = world.sent(BOB)
    assigned = world.returned(dsn(BOB), world.tag(copy))
    asked = [world.returned(STRANGE % (name, name), "r+x@bounce.sender.test") for name in (b"one", b"two", b"three")]
    rows = {row.mail: row for row in world.store.feedback.list_unmatched()}
    assert set(rows) == set(asked)
    world.resolve(rows[asked[2]].id)
    never_journaled = 77
    world.spool_in.put(never_journaled, b"the writer was killed before the journal spoke of it")
    fresh = world.returned(dsn(BOB), world.tag(copy))
    asked_days_ago(world, {asked[0]: 89, asked[1]: 90.1})
    mails = {
        "assigned": aged(world, assigned, 8.1),
        "asked": aged(world, asked[0], 91),
        "asked long ago, in a file of a restored backup": aged(world, asked[1], 8.1),
        "dismissed": aged(world, asked[2], 8.1),
        "never journaled": aged(world, never_journaled, 8.1),
        "the journal may be read again": aged(world, fresh, 7.9),
    }
    sweep(world)
    assert kept(world, mails) == {"asked", "the journal may be read again"}
    assert world.kinds(copy) == ["bounced"]
    world.resolve(rows[asked[0]].id)
    world.resolve(rows[asked[1]].id)  # without its mail
    sweep(world)
    assert kept(world, mails) == {"the journal may be read again"}


def test_a_full_round_of_the_digest_does_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postlude.services.digest.loop._TRIM_SECONDS", 0)
    world.spool_in.put(1, b"old")
    aged(world, 1, 9)
    stop = threading.Event()
    running = threading.Thread(target=world.digest.run, args=(stop,))
    running.start()
    try:
        wait_for("the old mail to go", lambda: not world.spool_in.path(1).exists(), 10)
    finally:
        stop.set()
        running.join()
    assert not world.spool_in.path(1).exists()


def test_what_cannot_be_deleted_stops_nothing_else(world: World, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def __init__(self) -> None:
            self.asked: list[int] = []

        def older(self, part: int, before: float) -> dict[int, float]:
            self.asked.append(part)
            return {1: before - 1}

        def delete(self, id: int) -> None:  # noqa: A002 - the spool's word
            raise StorageError(f"{id}: read-only file system")

    broken = Broken()
    keeping = ReturnedKeeping(broken, 2, world.store.feedback.asked_about, world.parts.clock)
    for _ in range(3):
        keeping()
    assert broken.asked == [0, 1, 0]
    assert "read-only file system" in caplog.text
