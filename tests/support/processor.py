"""For work whose cost may grow with its input's size and no faster."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GENEROUS_S = 30.0


@contextmanager
def bounded_processor_time(seconds: float = GENEROUS_S) -> Iterator[None]:
    """AssertionError inside the block once it has used so much processor time.

    Choose an input for which linear work takes well under a second, on a busy machine too, and quadratic work takes
    minutes: then the bound is no measurement. The block is not traced: small inputs reach the same lines, and what
    looks at each line of a megabyte's reading costs four times the reading.
    """

    def ended(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"it took more than {seconds:g} s of processor time: its cost grows faster than its input")

    before, tracer = signal.signal(signal.SIGPROF, ended), sys.gettrace()
    signal.setitimer(signal.ITIMER_PROF, seconds)
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
