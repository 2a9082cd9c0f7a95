"""What recipients and mail clients talk to goes on, whatever becomes of the app or of what started it."""

import os
import signal
import smtplib
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from postlude.app.processes.children import HUNG_AFTER_S
from servers.example_mails import offer
from servers.postlude import Postlude
from servers.supervision import CHILDREN, alive, all_children, children_of, health, told
from servers.waiting import LOOPBACK, listening, wait_for

BOB = "bob@customer.test"


@contextmanager
def asking_without_pause(running: Postlude) -> Iterator[Counter[str]]:
    """Ask the edge for a picture on one new connection after the other."""
    answers: Counter[str] = Counter()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                with socket.create_connection((LOOPBACK, running.ports["edge"]), timeout=20) as sock:
                    sock.sendall(b"GET /i/x.gif HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    answers["picture" if sock.recv(4096).startswith(b"HTTP/1.1 200") else "nothing"] += 1
            except OSError as error:
                answers[type(error).__name__] += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


def test_the_edge_never_refuses_when_the_app_is_killed(postlude: Callable[..., Postlude]) -> None:
    running = postlude(real=True)
    before = all_children(running)
    with asking_without_pause(running) as answers:
        os.kill(before["app"], signal.SIGKILL)
        wait_for("another app", lambda: health(running).get("status") == "ok", 40, pause=0.2)
    assert answers["picture"] > 10
    assert set(answers) == {"picture"}
    after = children_of(running.child.pid)
    assert {name for name in CHILDREN if after[name] != before[name]} == {"app"}
    assert wait_for("word of it", lambda: told(running, "processes", "app was ended by signal 9"), 20, pause=0.2)


def test_the_next_start_takes_over_what_a_killed_one_left(postlude: Callable[..., Postlude]) -> None:
    running = postlude(real=True)
    before = all_children(running)
    with asking_without_pause(running) as answers:
        os.kill(running.child.pid, signal.SIGKILL)
        running.child.wait()
        running.submit(running.login().user, [BOB], offer("owner@postlude.localhost", [BOB], subject="orphans"))
        assert all(map(alive, before.values()))
        running.start()
        wait_for("successors", lambda: not any(map(alive, before.values())), 60)
        wait_for("the mail", lambda: running.timeline(BOB), 30, pause=0.3)
    assert answers["picture"] > 10
    assert set(answers) == {"picture"}
    after = all_children(running)
    assert not set(after.values()) & set(before.values())
    assert not any(map(alive, before.values()))
    assert running.stop() == 0
    assert not any(map(listening, running.ports.values()))


def test_a_second_start_takes_nothing_from_a_living_one(postlude: Callable[..., Postlude]) -> None:
    running = postlude(real=True)
    before = all_children(running)
    second = running.run("up")
    assert second.code == 4
    assert second.out == ""
    assert str(running.child.pid) in second.err
    assert children_of(running.child.pid) == before


def test_what_hangs_is_killed_and_started_again(postlude: Callable[..., Postlude]) -> None:
    """Everything is stopped at once; only the app's own pages are silent meanwhile."""
    running = postlude(real=True)
    before = all_children(running)
    for pid in before.values():
        os.kill(pid, signal.SIGSTOP)
    wait_for(
        "other processes",
        lambda: (
            set(children_of(running.child.pid)) == set(CHILDREN)
            and not set(children_of(running.child.pid).values()) & set(before.values())
        ),
        60,
        pause=0.5,
    )
    wait_for("their answers", running.ready, 40, pause=0.5)
    reported = wait_for("word of it", lambda: told(running, "processes", "no sign of life"), 20, pause=0.5)
    assert {text.split()[0] for text in reported} == set(CHILDREN)


@pytest.mark.parametrize("name", ["state.sqlite", "history.duckdb"])
def test_edge_relay_and_inbound_stay_up_beside_a_damaged_store(postlude: Callable[..., Postlude], name: str) -> None:
    running = postlude(real=True)
    login = running.login()
    running.submit(login.user, [BOB], offer(login.user, [BOB], subject="before"))
    wait_for("the first mail", lambda: running.timeline(BOB), 30, pause=0.3)
    assert running.stop() == 0
    store = running.data / name
    good = store.read_bytes()
    for log in running.data.glob(f"{name}[-.]*"):
        log.unlink()
    store.write_bytes(b"no database " * 1000)
    running.begin()
    wait_for("edge, relay and inbound", running.serves_the_world, 30)
    if name == "state.sqlite":  # a damaged history is quarantined and made again
        wait_for("word of it", lambda: told(running, "database", "damaged"), 30, pause=0.3)
        assert health(running)["code"] == 503
        assert not running.ready()
        store.write_bytes(good)
    wait_for("the app", running.ready, 60, pause=0.3)


def test_folders_in_place_of_files_stop_nothing(postlude: Callable[..., Postlude]) -> None:
    """As a container makes them of files that are to be mounted and are not there."""
    running = postlude()
    running.submit(running.login().user, [BOB], offer("owner@postlude.localhost", [BOB]))
    wait_for("the first mail", lambda: running.timeline(BOB), 30, pause=0.3)
    assert running.stop() == 0
    names = ("session.key", "lists.json", "revoked.bin", "logins.json", "lock", "revoked.bin.lock")
    for name in (*names, "control.sock", "journal/numbers.json", "journal/edge/mark", "journal/relay/identity.json"):
        path = running.data / name
        path.unlink(missing_ok=True)
        path.mkdir()
    running.start()
    running.submit(running.login().user, [BOB], offer("owner@postlude.localhost", [BOB], subject="after"))
    wait_for("the second mail", lambda: "after" in str(running.timeline(BOB)), 30, pause=0.3)
    assert "Traceback" not in running.child.output()


def test_a_key_that_cannot_be_read_is_told_with_what_to_do(postlude: Callable[..., Postlude]) -> None:
    running = postlude()
    assert running.stop() == 0
    key = running.data / "session.key"
    key.rename(running.data / "away")
    key.symlink_to(running.data / "not-mounted")
    running.begin()
    wait_for("edge, relay and inbound", running.serves_the_world, 30)
    wait_for("word of it", lambda: told(running, "sessions", "session.key", "Put it back"), 30, pause=0.3)
    key.unlink()
    (running.data / "away").rename(key)
    wait_for("the app", running.ready, 60, pause=0.3)
    assert "Traceback" not in running.child.output()


def test_a_migration_that_fails_takes_nobody_along(postlude: Callable[..., Postlude]) -> None:
    running = postlude(real=True)
    assert running.stop() == 0
    with sqlite3.connect(running.data / "state.sqlite") as state:
        was = state.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        state.execute("UPDATE alembic_version SET version_num = 'of-the-future'")
    state.close()
    running.begin()
    wait_for("edge, relay and inbound", running.serves_the_world, 30)
    wait_for("word of it", lambda: told(running, "database", "of-the-future"), 30, pause=0.3)
    with sqlite3.connect(running.data / "state.sqlite") as state:
        state.execute("UPDATE alembic_version SET version_num = ?", (was,))
    state.close()
    wait_for("the app", running.ready, 60, pause=0.3)


def test_a_port_that_is_taken_is_tried_again_and_told(postlude: Callable[..., Postlude]) -> None:
    running = postlude(real=True)
    assert running.stop() == 0
    with socket.create_server((LOOPBACK, running.ports["inbound"])):
        running.begin()
        wait_for("the app", lambda: health(running), 40)
        wait_for("word of it", lambda: told(running, "processes", "inbound", "POSTLUDE_INBOUND_PORT"), 30, pause=0.3)
    wait_for("the inbound server", running.ready, 60, pause=0.3)
    with smtplib.SMTP(LOOPBACK, running.ports["inbound"], timeout=10) as client:
        assert client.noop()[0] == 250


def test_a_starter_that_stood_still_itself_kills_nobody(postlude: Callable[..., Postlude]) -> None:
    running = postlude(real=True)
    before = all_children(running)
    os.kill(running.child.pid, signal.SIGSTOP)
    wait_for("word of it", lambda: told(running, "processes", "does not answer"), 30, pause=0.5)
    time.sleep(HUNG_AFTER_S)
    os.kill(running.child.pid, signal.SIGCONT)
    wait_for("the starter", lambda: not told(running, "processes", "does not answer"), 30, pause=0.5)
    assert all_children(running) == before


def test_a_signal_to_everything_stops_it_without_a_word(postlude: Callable[..., Postlude]) -> None:
    """As Ctrl-C in a terminal, or a service manager that signals every process."""
    running = postlude(real=True)
    for pid in (*all_children(running).values(), running.child.pid):
        os.kill(pid, signal.SIGTERM)
    assert running.child.wait(60) == 0
    assert "ERROR" not in running.child.output()
    assert not any(map(listening, running.ports.values()))
