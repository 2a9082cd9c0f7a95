"""Every class of attempt once, in a short form, against a running instance; `make attack` is the long one."""

import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from attacks.attempts import ATTEMPTS, Attempt, load
from attacks.findings import FINDINGS
from attacks.siege import MOST, Siege
from attacks.target import Target
from servers.waiting import wait_for

load()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with Target(tmp_path_factory.mktemp("attack")) as running:
        yield running


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[each.name for each in ATTEMPTS])
def test_it_does_not_succeed(target: Target, attempt: Attempt) -> None:
    attempt.run(target)
    target.check_serves()


def test_whatever_was_found_is_tried_and_whatever_is_tried_is_named() -> None:
    tried = {name for finding in FINDINGS.values() for name in finding.tried_by}
    assert tried == {attempt.name for attempt in ATTEMPTS}


def test_every_listener_is_attacked(target: Target) -> None:
    assert set(target.listeners) == set(target.postlude.ports)
    assert set(target.speaks.values()) == {"http", "smtp", "tls"}


def test_nothing_listens_that_is_not_attacked(target: Target) -> None:
    """Also a listener that its own code does not name among the others."""
    assert target.listening_ports() == {target.postlude.ports[endpoint] for endpoint in target.listeners}


def nice_of(target: Target) -> dict[str, int]:
    """How far each process steps back, by its name."""
    found = {}
    for pid, command in target.processes().items():
        # Under the app also children with limits of their own, for slow work, which come and go.
        if "bounded_child" not in command:
            name = command.partition("-m postlude ")[2].split(" ")[0] or "up"
            found[name] = os.getpriority(os.PRIO_PROCESS, pid) - os.nice(0)
    return found


def test_edges_come_first_and_again_when_one_was_started_anew(target: Target) -> None:
    # An edge's committer has 0. A child that is being started bears its parent's name for a moment.
    expected = {"up": 0, "edge": 3, "app": 6, "relay": 6, "inbound": 6}
    wait_for("their priorities", lambda: nice_of(target) == expected)
    edge = next(pid for pid, command in target.processes().items() if "-m postlude edge" in command)
    os.kill(edge, signal.SIGKILL)
    wait_for("another edge", lambda: nice_of(target).get("edge") == 3 and not Path(f"/proc/{edge}").exists())
    target.check_serves(15)


def test_a_siege_costs_nobody_an_answer_a_mail_or_room(target: Target) -> None:
    siege = Siege(target, 200, 5.0, turns=1)
    siege.run()
    for seen in (siege.without, siege.during):
        assert seen.opens
        assert not seen.failed
        assert seen.mails
        assert seen.slowest_mail < math.inf
    assert siege.sent > 1 << 20
    assert siege.memory_growth < MOST
    assert siege.disk_growth < MOST
