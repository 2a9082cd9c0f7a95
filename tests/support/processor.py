"""For work whose cost may grow with its input's size and no faster."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GENEROUS_S = 30.0


@contextmanager
def bounded_processor_time(seconds: float = GENEROUS_S) -> Iterator[None]:
    """AssertionError inside the block once it has used so much processor time.

    Choose an input for which linear work takes well under a second, on a busy machine and under a tracer too, and
    quadratic work takes minutes: then the bound is no measurement.
    """

    def ended(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it took more than {seconds:g} s of processor time: its cost grows faster than its input")

    before = signal.signal(signal.SIGPROF, ended)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
