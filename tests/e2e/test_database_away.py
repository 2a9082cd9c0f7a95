"""PostgreSQL away or silent: recipients and known logins are served, nothing is said to be wrong that is not, and
everything goes on by itself when it is back."""

import contextlib
import smtplib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from servers.commands import POSTLUDE, clean_environment
from servers.example_mails import offer
from servers.postgresql import Postgresql
from servers.postlude import Login, Postlude
from servers.process import Child
from servers.supervision import health, told
from servers.waiting import LOOPBACK, wait_for

BOB = "bob@customer.test"
ALARM_S = 60


@pytest.fixture
def database() -> Iterator[Postgresql]:
    if not Postgresql.installed():
        pytest.skip("PostgreSQL 15 is not installed (apt-get install postgresql-15)")
    server = Postgresql()
    server.start()
    yield server
    server.thaw()
    server.close()


def refusal_of(running: Postlude, login: Login) -> tuple[int, float]:
    """The reply to a login, 235 when it is taken, and how long it took."""
    began = time.monotonic()
    with smtplib.SMTP(LOOPBACK, running.ports["relay"], timeout=30) as client:
        try:
            return client.login(*login)[0], time.monotonic() - began
        except smtplib.SMTPAuthenticationError as error:
            return error.smtp_code, time.monotonic() - began


def settled(running: Postlude, known: Login) -> None:
    """The first login is in the copy, and the app is well."""
    wait_for("the copy of logins", (running.data / "logins.json").exists, 30)
    wait_for("a healthy app", lambda: health(running).get("code") == 200, 30, pause=0.3)
    running.submit(known.user, [BOB], offer(known.user, [BOB], subject="before"))
    wait_for("the first mail", lambda: running.timeline(BOB), 30, pause=0.3)


def subjects(running: Postlude) -> set[str]:
    return {found["message"]["subject"] for found in running.timeline(BOB).get("messages", [])}


def test_logins_go_on_while_the_database_is_stopped(postlude: Callable[..., Postlude], database: Postgresql) -> None:
    running = postlude(state_url=database.create())
    known = running.login()
    settled(running, known)
    database.stop()
    began = time.monotonic()
    running.submit(known.user, [BOB], offer(known.user, [BOB], subject="while it is away"))
    assert refusal_of(running, Login(known.user, "wrong"))[0] == 454  # whoever knows is away
    assert refusal_of(running, Login("nobody@sender.test", known.password))[0] == 454
    wait_for(
        "word of it", lambda: told(running, "database", "PostgreSQL"), ALARM_S - (time.monotonic() - began), pause=0.5
    )
    checked = running.run("check")
    assert checked.code == 1
    assert "database" in checked.out
    assert "PostgreSQL" in checked.out
    database.start()
    wait_for("the mail", lambda: "while it is away" in subjects(running), 60, pause=0.5)
    wait_for("a healthy app", lambda: health(running).get("code") == 200, 60, pause=0.5)
    assert refusal_of(running, Login(known.user, "wrong"))[0] == 535
    assert refusal_of(running, known)[0] == 235


def test_a_silent_database_holds_up_no_login(postlude: Callable[..., Postlude], database: Postgresql) -> None:
    running = postlude(state_url=database.create())
    known = running.login()
    settled(running, known)
    database.freeze()
    try:
        began = time.monotonic()
        code, seconds = refusal_of(running, known)
        assert code == 235
        assert seconds < 15
        code, seconds = refusal_of(running, known)
        assert code == 235
        assert seconds < 4  # while one question hangs no other is asked
        remaining = ALARM_S - (time.monotonic() - began)
        wait_for("word of it", lambda: told(running, "database", "the database: "), remaining, pause=0.5)
    finally:
        database.thaw()
    wait_for("a healthy app", lambda: health(running).get("code") == 200, 60, pause=0.5)
    wait_for("the database's word", lambda: refusal_of(running, Login(known.user, "wrong"))[0] == 535, 30, pause=1)


def test_everything_starts_without_its_database(postlude: Callable[..., Postlude], database: Postgresql) -> None:
    running = postlude(state_url=database.create())
    known = running.login()
    settled(running, known)
    assert running.stop() == 0
    database.stop()
    running.begin()
    wait_for("edge, relay and inbound", running.serves_the_world, 40)
    wait_for("word of it", lambda: told(running, "database", "PostgreSQL"), ALARM_S, pause=0.5)
    running.submit(known.user, [BOB], offer(known.user, [BOB], subject="before it is there"))
    database.start()
    wait_for("the app", running.ready, 60, pause=0.5)
    wait_for("the mail", lambda: "before it is there" in subjects(running), 60, pause=0.5)


@pytest.mark.parametrize("command", ["worker", "app"])
def test_a_process_of_its_own_waits_for_its_database(
    postlude: Callable[..., Postlude], database: Postgresql, tmp_path: Path, command: str
) -> None:
    running = postlude(state_url=database.create())
    assert running.stop() == 0
    database.stop()
    alone = Child(command, [POSTLUDE, command], tmp_path / "alone.log", clean_environment(running.settings))
    try:
        wait_for("word of it", lambda: "retrying in 4 s" in alone.output(), 60)
        assert alone.code is None
        database.start()
        if command == "app":
            wait_for("the app", lambda: health(running).get("code") is not None, 60, pause=0.5)
            wait_for("its stores", lambda: "Postlude runs" in alone.output(), 60)
        else:
            wait_for("a worker", lambda: _works(database, running), 60, pause=0.5)
        assert alone.code is None
    finally:
        with contextlib.suppress(ProcessLookupError):
            assert alone.stop() == 0


def _works(database: Postgresql, running: Postlude) -> bool:
    """Whether a campaign worker has entered itself in the state."""
    with database.connected(str(running.settings["state_url"])) as connection:
        query = "SELECT count(*) FROM workers WHERE journal LIKE '%worker-%'"
        row = connection.execute(query).fetchone()
        return bool(row and row[0])
