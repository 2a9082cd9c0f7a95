"""What of a running system is a problem."""

import pytest

from postlude.model.child_report import ChildReport
from postlude.services.health import (
    NO_DISK,
    CheckResult,
    Health,
    of_children,
    of_digest,
    of_disk,
    of_indeterminate,
    trouble,
)


def child(**differs: object) -> ChildReport:
    well = {"name": "relay", "pid": 7, "restarts": 0, "silent_s": 3.0, "problem": "", "ended": "", "ended_ago_s": 0.0}
    return ChildReport(**(well | {"next_try_s": 0.0} | differs))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("report", "state", "words"),
    [
        (child(), "ok", "relay run"),
        (child(silent_s=25.0), "problem", "no sign of life for 25 s"),
        (child(pid=0, ended="ended with code 4: port 25 is taken", next_try_s=8.0), "problem", "started again in 8 s"),
        (child(restarts=1, ended="was ended by signal 9", ended_ago_s=30.0), "warning", "30 s ago"),
        (child(restarts=4, ended="was ended by signal 9", ended_ago_s=30.0), "problem", "4 times"),
        (child(restarts=4, ended="was ended by signal 9", ended_ago_s=3600.0), "ok", "relay run"),
        (child(problem="no mail is taken for now: the disk is full"), "problem", "relay: no mail is taken"),
    ],
)
def test_a_child(report: ChildReport, state: str, words: str) -> None:
    (found,) = of_children([report])
    assert found.state == state
    assert words in found.text


def test_every_child_in_trouble_is_told() -> None:
    found = of_children([child(silent_s=30.0), child(name="edge"), child(name="app", pid=0, ended="ended with code 5")])
    assert [one.text.split()[0] for one in found] == ["relay", "app"]


def test_problems_alone_make_it_unwell() -> None:
    warning = of_indeterminate(3)
    assert warning.state == "warning"
    assert Health(checks=(warning, of_digest("", 7))).well
    assert Health(checks=(warning, of_digest("the digest waits: locked", 7))).problems == ("the digest waits: locked",)


def test_a_disk_without_room() -> None:
    assert [one.state for one in of_disk("/data", 1 << 40, (), 0)] == ["ok"]
    states = {one.state for one in of_disk("/data", NO_DISK - 1, ("the journal of edge is nearly full",), 3)}
    assert states == {"problem"}
    assert len(of_disk("/data", NO_DISK - 1, ("the journal of edge is nearly full",), 3)) == 3


def test_a_part_without_trouble_says_so() -> None:
    assert trouble("relay", (), "answers") == [CheckResult("relay", "ok", "answers")]
    assert [one.text for one in trouble("relay", ["a", "b"])] == ["a", "b"]
