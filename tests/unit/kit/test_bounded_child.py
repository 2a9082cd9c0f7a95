import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from postlude.compose import TemplateError
from postlude.kit.bounded_child import Bound, BoundedChildren, BoundExceededError
from postlude.kit.bounded_child_main import WALL
from servers import greedy
from servers.waiting import wait_for


@pytest.fixture
def children() -> Iterator[BoundedChildren]:
    made = BoundedChildren(seconds=1, memory_bytes=512 << 20, result_bytes=1 << 20)
    yield made
    made.close()


@pytest.fixture
def hasty() -> Iterator[BoundedChildren]:
    """For calls that have no end."""
    made = BoundedChildren(seconds=0.2, memory_bytes=512 << 20)
    yield made
    made.close()


def test_a_result_comes_back(children: BoundedChildren) -> None:
    assert children.call(greedy.add, 2, 3) == 5


def test_the_same_child_serves_the_next_call(children: BoundedChildren) -> None:
    assert children.call(greedy.pid) == children.call(greedy.pid)


def test_an_exception_comes_back_as_it_was_raised(children: BoundedChildren) -> None:
    with pytest.raises(TemplateError, match="HTML, line 7: mend it") as raised:
        children.call(greedy.refuse)
    assert raised.value.line == 7


@pytest.mark.parametrize("work", [greedy.never_end, greedy.sleep_in_native_code])
def test_what_takes_too_long_is_ended(hasty: BoundedChildren, work: Callable[[], object]) -> None:
    with pytest.raises(BoundExceededError) as raised:
        hasty.call(work)
    assert raised.value.bound is Bound.TIME


def test_what_takes_too_much_memory_is_ended(children: BoundedChildren) -> None:
    with pytest.raises(BoundExceededError) as raised:
        children.call(greedy.take_memory)
    assert raised.value.bound is Bound.MEMORY


def test_native_code_that_aborts_takes_only_the_child_along(children: BoundedChildren) -> None:
    with pytest.raises(BoundExceededError) as raised:
        children.call(greedy.abort)
    assert raised.value.bound is Bound.MEMORY


def test_a_result_that_is_too_large_is_not_read(children: BoundedChildren) -> None:
    with pytest.raises(BoundExceededError) as raised:
        children.call(greedy.answer_much, 10 << 20)
    assert raised.value.bound is Bound.RESULT


def test_a_result_that_cannot_travel_is_said(children: BoundedChildren) -> None:
    with pytest.raises(BoundExceededError, match="cannot be handed over"):
        children.call(greedy.a_lambda)


def test_the_next_call_works_after_each_kind_of_end(children: BoundedChildren) -> None:
    for work in (greedy.take_memory, greedy.abort, greedy.a_lambda, greedy.never_end):
        with pytest.raises(BoundExceededError):
            children.call(work)
    assert children.call(greedy.add, 2, 3) == 5


def test_a_stream_comes_item_by_item(children: BoundedChildren) -> None:
    assert list(children.stream(greedy.count, 1234)) == list(range(1234))


def test_a_stream_nobody_reads_on_ends_its_child(children: BoundedChildren) -> None:
    stream = children.stream(greedy.count, 10**9)
    assert next(stream) == 0
    assert isinstance(stream, Generator)
    stream.close()
    assert children.call(greedy.add, 2, 3) == 5


def test_a_slow_reader_costs_a_stream_no_time(children: BoundedChildren) -> None:
    stream = children.stream(greedy.count, 1501)
    next(stream)
    time.sleep(WALL + 1)  # longer than one batch may take, in which the child waits: its clock is the kernel's
    assert len(list(stream)) == 1500


def test_a_stream_that_hangs_is_ended(hasty: BoundedChildren) -> None:
    with pytest.raises(BoundExceededError):
        list(hasty.stream(greedy.count_then_hang, 10))


def test_an_exception_of_a_stream_comes_behind_its_items(children: BoundedChildren) -> None:
    seen: list[int] = []
    with pytest.raises(TemplateError):
        seen.extend(iter(children.stream(greedy.count_then_refuse, 700)))
    assert seen == list(range(500))


def _has_ended(pid: int) -> bool:
    """Gone, or waiting for its parent to notice."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_child_that_idled_away_is_replaced() -> None:
    children = BoundedChildren(seconds=5, memory_bytes=512 << 20, idle_seconds=0.05)
    first = children.call(greedy.pid)
    wait_for("the child to end", lambda: _has_ended(first))
    assert children.call(greedy.pid) != first
    children.close()


def test_a_call_waits_for_a_child_and_then_says_that_all_are_busy() -> None:
    children = BoundedChildren(seconds=1, memory_bytes=512 << 20, children=1)
    stream = children.stream(greedy.count, 10**6)
    next(stream)
    with pytest.raises(BoundExceededError) as raised:
        children.call(greedy.pid)
    assert raised.value.bound is Bound.BUSY
    assert isinstance(stream, Generator)
    stream.close()
    children.close()


def test_calls_from_many_threads_share_the_children(children: BoundedChildren) -> None:
    pids: set[int] = set()
    threads = [threading.Thread(target=lambda: pids.add(children.call(greedy.pid))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(pids) <= 2


def test_the_child_knows_none_of_the_settings(children: BoundedChildren, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTLUDE_SECRET", "x")
    assert "POSTLUDE_SECRET" not in children.call(greedy.environment)
