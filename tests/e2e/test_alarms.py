"""Whatever stands still is told within a minute, at `/healthz` and by `postlude check` with its exit code."""

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from postlude.kit.clock import MICROS_PER_SECOND, SystemClock
from servers.counting import Counting
from servers.disk import fill
from servers.example_mails import offer
from servers.mailing import send_to_all
from servers.postlude import Postlude
from servers.supervision import alive, all_children, children_of, health, told
from servers.waiting import LOOPBACK, wait_for

ALARM_S = 60.0
BOB = "bob@customer.test"
Fault = Callable[[Postlude], "Iterator[None]"]


def stopped(name: str) -> Fault:
    """The process is there and does nothing."""

    @contextmanager
    def fault(running: Postlude) -> Iterator[None]:
        pid = all_children(running)[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it was killed meanwhile, as what hangs is
                os.kill(pid, signal.SIGCONT)

    return fault  # type: ignore[return-value]


@contextmanager
def locked(running: Postlude) -> Iterator[None]:
    """Another program keeps the database for itself, with a copy in it that is due soon."""
    state = sqlite3.connect(running.data / "state.sqlite", isolation_level=None)
    soon = SystemClock().now() + 3 * MICROS_PER_SECOND
    state.execute("UPDATE copies SET status = 'queued', next_attempt_at = ?", (soon,))
    state.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        state.execute("ROLLBACK")
        state.close()


@contextmanager
def without_a_table(running: Postlude) -> Iterator[None]:
    """A loop cannot read what it needs: it fails, and everything else goes on."""
    with closing(sqlite3.connect(running.data / "state.sqlite", timeout=30)) as state:
        state.execute("ALTER TABLE app_passwords RENAME TO away")
        try:
            yield
        finally:
            state.execute("ALTER TABLE away RENAME TO app_passwords")


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (stopped("edge"), "edge"),
        (stopped("relay"), "relay"),
        (stopped("inbound"), "inbound"),
        (locked, "sender"),
        (locked, "digest"),
        (without_a_table, "logins"),
    ],
    ids=["edge", "relay", "inbound", "sender", "digest", "loop"],
)
def test_what_stands_still_is_told_within_a_minute(postlude: Callable[..., Postlude], fault: Fault, name: str) -> None:
    running = postlude()
    login = running.login()
    wait_for("the copy of logins", (running.data / "logins.json").exists, 30)
    wait_for("a healthy instance", lambda: health(running).get("code") == 200, 30, pause=0.3)
    if name == "sender":
        running.submit(login.user, [BOB], offer(login.user, [BOB]))
        wait_for("the mail", lambda: "'sent'" in str(running.timeline(BOB)), 30, pause=0.3)
    with fault(running):  # type: ignore[attr-defined]  # a context manager
        began = time.monotonic()
        if name == "digest":
            running.submit(login.user, [BOB], offer(login.user, [BOB]))
        wait_for(f"word of {name}", lambda: told(running, name), ALARM_S, pause=0.3)
        took = time.monotonic() - began
        assert health(running)["code"] == 503
        checked = running.run("check")
    print(f"{name}: told after {took:.1f} s")  # noqa: T201 - shown when it fails
    assert took < ALARM_S
    assert checked.code == 1
    assert name in checked.out
    wait_for("a healthy instance again", lambda: health(running).get("code") == 200, 60, pause=0.5)
    assert "Traceback" not in running.child.output()


@pytest.mark.parametrize("name", ["sender", "mailbox"])
def test_a_server_that_says_nothing_is_told_within_a_minute(postlude: Callable[..., Postlude], name: str) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        port = silent.getsockname()[1]
        if name == "sender":
            settings = {"smtp_host": LOOPBACK, "smtp_port": port, "smtp_tls": "none"}
        else:
            names = {"host": LOOPBACK, "port": port, "tls": "false", "user": "alice", "password": "secret"}
            settings = {f"imap_{key}": value for key, value in names.items()}
        running = postlude(**settings)
        login = running.login()
        began = time.monotonic()
        running.submit(login.user, [BOB], offer(login.user, [BOB]))
        wait_for(f"word of the {name}", lambda: told(running, name), ALARM_S, pause=0.3)
        assert time.monotonic() - began < ALARM_S
        assert running.run("check").code == 1


def test_campaigns_that_stand_still_are_told_within_a_minute(postlude: Callable[..., Postlude]) -> None:
    """First the next server says nothing, then the worker's process is stopped."""
    with socket.create_server((LOOPBACK, 0)) as silent, Counting(delay=0.5) as slow:
        running = postlude(smtp_host=LOOPBACK, smtp_port=silent.getsockname()[1], smtp_tls="none")
        store, _ = send_to_all(running.settings, 500)
        store.close()
        silent.settimeout(120)
        with silent.accept()[0]:  # from now on it stands still
            began = time.monotonic()
            wait_for(
                "word of the server", lambda: told(running, "campaigns", "the next mail server"), ALARM_S, pause=0.3
            )
            assert time.monotonic() - began < ALARM_S
        running.stop()
        running.settings["smtp_port"] = slow.port
        running.start()
        wait_for("mail to leave", slow.counts.total, 60, pause=0.3)
        worker = children_of(all_children(running)["app"])["worker"]
        began = time.monotonic()
        os.kill(worker, signal.SIGSTOP)
        wait_for("word of the worker", lambda: told(running, "campaigns", "no sign of life"), ALARM_S, pause=0.3)
        assert time.monotonic() - began < ALARM_S
        assert running.run("check").code == 1
        wait_for("another worker", lambda: not alive(worker), 60, pause=0.5)


def test_an_app_that_stands_still_is_told_by_check(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    with stopped("app")(running):  # type: ignore[attr-defined]  # a context manager
        began = time.monotonic()
        checked = running.run("check")
        assert time.monotonic() - began < ALARM_S
    assert checked.code == 1
    assert "the app does not answer" in checked.out
    wait_for("a healthy instance again", lambda: health(running).get("code") == 200, 60, pause=0.5)


def test_a_full_disk_is_told_within_a_minute(postlude: Callable[..., Postlude], small_disk: Path) -> None:
    running = postlude(data=small_disk / "data")
    fill(small_disk)
    began = time.monotonic()
    wait_for("word of it", lambda: told(running, "disk", "Free space"), ALARM_S, pause=0.3)
    assert time.monotonic() - began < ALARM_S
    assert running.run("check").code == 1


def states(running: Postlude) -> dict[str, str]:
    return {one["name"]: one["state"] for one in running.run("check", "--json").json["checks"]}


def test_an_instance_that_is_well_passes(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    wait_for("a healthy instance", lambda: health(running).get("code") == 200, 30, pause=0.3)
    wait_for("the first look into the state", lambda: "sending" in states(running), 30, pause=0.3)
    assert running.run("check", "--json").code == 0
    by_name = states(running)
    wanted = {"database", "digest", "sender", "sending", "disk", "edge", "relay", "inbound", "processes"}
    assert {name: by_name.get(name) for name in wanted} == dict.fromkeys(wanted, "ok") | {"disk": by_name["disk"]}
