"""What a process begins ends in reverse, also when its start fails half-way."""

import threading

import pytest

from postlude.app.processes.lifetime import Lifetime


class Recorded(Lifetime):
    """Two threads, and perhaps a start that fails after them."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.ended: list[str] = []
        self.woken = 0
        self._fails = fails

    async def _start(self) -> None:
        stopped = threading.Event()
        self._start_thread("first", lambda: self._work("first", stopped), stopped.set)
        self._start_stoppable("second", lambda stop: self._work("second", stop), self._wake)
        if self._fails:
            raise OSError("the third does not start")

    def _work(self, name: str, stop: threading.Event) -> None:
        stop.wait()
        self.ended.append(name)

    def _wake(self) -> None:
        self.woken += 1


async def test_threads_end_in_reverse() -> None:
    async with Recorded() as running:
        assert running.ended == []
    assert running.ended == ["second", "first"]
    assert running.woken == 1


async def test_what_began_ends_when_the_start_fails() -> None:
    running = Recorded(fails=True)
    with pytest.raises(OSError, match="third"):
        await running.__aenter__()
    assert running.ended == ["second", "first"]
