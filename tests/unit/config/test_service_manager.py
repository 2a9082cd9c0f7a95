import os

import pytest

from postlude.config import child_environment, service_manager


def test_what_concerns_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "40000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert service_manager() == ("/run/notify", 40.0)


@pytest.mark.parametrize(("name", "value"), [("WATCHDOG_PID", "1"), ("WATCHDOG_USEC", "soon")])
def test_a_watchdog_of_another_process_or_of_no_time_is_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "40000000")
    monkeypatch.setenv(name, value)
    assert service_manager().watchdog_s == 0.0


def test_children_are_told_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("POSTLUDE_DATA", "/data")
    assert "NOTIFY_SOCKET" not in child_environment()
    assert child_environment()["POSTLUDE_DATA"] == "/data"
