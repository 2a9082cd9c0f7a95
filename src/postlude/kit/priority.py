"""Who comes first where the processor is short."""

import os
import sys
from typing import Final

_STEPS: Final = 6  # an edge's loop steps back by 3 itself, to let its committer write: behind that


def yield_to_edges() -> None:
    """Have this thread, and the threads and processes it starts from now on, come after the edges.

    An edge's answer takes 0.1 ms, and a recipient waits for it; all other work can wait that long, whatever strangers
    make it do. Nothing happens where a thread has no priority of its own.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + _STEPS)  # 19 is the most there is
