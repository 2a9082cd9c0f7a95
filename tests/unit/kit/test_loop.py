import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest

from postlude.kit.loop import Pauses, TaskLoop, ThreadLoop, stopped_within
from servers.waiting import wait_for


class Stop(threading.Event):
    """Ends a loop after so many waits, and lets none of them last."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waited: list[float] = []
        self._waits = waits

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited.append(timeout)
        if len(self.waited) == self._waits:
            self.set()
        return self.is_set()


class FullError(Exception):
    pass


def step_of(outcomes: Iterator[float | Exception]) -> Callable[[], float]:
    def step() -> float:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return step


def task_step_of(outcomes: Iterator[float | Exception]) -> Callable[[], Awaitable[float]]:
    step = step_of(outcomes)

    async def asynchronous() -> float:
        await asyncio.sleep(0)
        return step()

    return asynchronous


def run(*outcomes: float | Exception, pauses: Pauses | None = None, waits: int = 0) -> tuple[ThreadLoop, list[float]]:
    loop = ThreadLoop(
        "digest", step_of(iter(outcomes)), expected=(FullError,), problem="mail waits", pauses=pauses or Pauses(1, 4)
    )
    stop = Stop(waits or len(outcomes))
    loop.run(stop)
    return loop, stop.waited


def test_a_loop_waits_as_long_as_its_step_says() -> None:
    assert run(0.0, 0.5, 3.0, waits=2)[1] == [0.5, 3.0]


def test_the_first_step_waits_as_long_as_asked() -> None:
    stop = Stop(1)
    ThreadLoop("digest", step_of(iter(())), delay_s=5.0).run(stop)
    assert stop.waited == [5.0]


def test_pauses_after_failures_grow_to_a_limit() -> None:
    assert run(*[FullError("full")] * 5)[1] == [1, 2, 4, 4, 4]


def test_a_step_that_works_makes_the_next_failure_a_first_one() -> None:
    assert run(FullError("full"), FullError("full"), 7.0, FullError("full"))[1] == [1, 2, 7.0, 1]


def test_a_failure_is_a_problem_until_a_step_works() -> None:
    assert run(FullError("the disk is full"))[0].problem == "mail waits: the disk is full"


def test_a_step_that_works_ends_the_problem() -> None:
    assert run(FullError("the disk is full"), 1.0)[0].problem == ""


def test_a_bug_is_named_with_its_class() -> None:
    assert run(KeyError("x"))[0].problem == "mail waits: KeyError: 'x'"


def test_the_log_says_what_failed_and_when_it_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    run(FullError("the disk is full"))
    assert [record.getMessage() for record in caplog.records] == [
        "digest step failed; retrying in 1 s: the disk is full"
    ]


def test_the_same_failure_is_not_logged_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    run(*[FullError("full")] * 100)
    assert len(caplog.records) == 3  # after 1, 2 and 4 seconds


def test_another_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    run(*[FullError("full")] * 3, FullError("read-only"))
    assert "read-only" in caplog.text


@pytest.mark.parametrize(("error", "traceback"), [(FullError("full"), False), (KeyError("x"), True)])
def test_only_a_bug_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture, error: Exception, *, traceback: bool
) -> None:
    run(error)
    assert bool(caplog.records[0].exc_info) is traceback


def test_the_log_says_when_it_works_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    run(FullError("full"), 1.0)
    assert caplog.records[-1].getMessage() == "digest works again"


async def test_a_task_outlives_failures() -> None:
    stop = asyncio.Event()
    seen: list[int] = []

    async def step() -> float:
        seen.append(await asyncio.sleep(0, len(seen)))
        if len(seen) == 3:
            stop.set()
            return 0.0
        raise FullError

    await TaskLoop("sender", step, pauses=Pauses(0.001, 0.001)).run(stop)
    assert seen == [0, 1, 2]


async def test_a_task_says_its_problem() -> None:
    failing = asyncio.Event()

    async def step() -> float:
        failing.set()
        raise FullError("full")

    async with TaskLoop("sender", step, expected=(FullError,), pauses=Pauses(60, 60)) as loop:
        await failing.wait()
        assert loop.problem == "sender: full"


async def test_a_stop_ends_a_task_in_its_pause() -> None:
    async with asyncio.timeout(5), TaskLoop("sender", task_step_of(iter([600.0]))):
        await asyncio.sleep(0)


async def test_a_stop_waits_for_the_step_under_way() -> None:
    done = []

    async def step() -> float:
        await asyncio.sleep(0.02)
        done.append(True)
        return 600.0

    async with TaskLoop("sender", step):
        await asyncio.sleep(0)
    assert done == [True]


async def test_a_cancelled_task_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    task = asyncio.create_task(TaskLoop("sender", task_step_of(iter([600.0]))).run(asyncio.Event()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not caplog.records


async def test_a_wait_ends_when_its_time_is_over() -> None:
    assert not await stopped_within(asyncio.Event(), 0.001)


def test_a_step_that_does_not_end_is_told() -> None:
    going, entered, stop = threading.Event(), threading.Event(), threading.Event()

    def step() -> float:
        entered.set()
        going.wait(10)
        stop.set()
        return 0.0

    loop = ThreadLoop("digest", step, problem="the digest waits", patience_s=0.05)
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    entered.wait(10)
    assert loop.problem == ""
    wait_for("word of it", lambda: loop.problem.startswith("the digest waits: what is being done now has lasted for"))
    going.set()
    thread.join()
    assert loop.problem == ""


async def test_a_step_that_says_it_rests_may_last() -> None:
    stop = asyncio.Event()
    reported = asyncio.Event()

    async def step() -> float:
        loop.worked(60.0)
        reported.set()
        await stop.wait()
        return 0.0

    loop = TaskLoop("sender", step, patience_s=0.01)
    running = asyncio.create_task(loop.run(stop))
    await reported.wait()
    await asyncio.sleep(0.05)
    assert loop.problem == ""
    stop.set()
    await running


async def test_a_loop_can_be_ended_in_the_middle_of_a_step() -> None:
    async def step() -> float:
        await asyncio.Event().wait()
        return 0.0

    loop = TaskLoop("listener", step)
    loop.start()
    await asyncio.sleep(0)
    await loop.cancel()
    await loop.cancel()


def test_what_the_system_says_of_a_file_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    loop, _ = run(IsADirectoryError(21, "Is a directory", "/data/mark"))
    assert loop.problem == "mail waits: /data/mark: Is a directory. A folder is where a file must be: rename it"
    assert "Traceback" not in caplog.text
