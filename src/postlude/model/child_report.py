"""What a process that starts others tells of them."""

import msgspec


class ChildReport(msgspec.Struct, frozen=True):
    """What a process that starts others tells of one of them. Seconds are from the moment it is told."""

    name: str
    pid: int
    """0 while it does not run."""
    restarts: int
    """Within the last ten minutes."""
    silent_s: float
    """Since its event loop gave a sign of life."""
    problem: str
    """What it says of itself while it runs; empty: nothing is wrong."""
    ended: str
    """How the last one ended, or why none can be started; empty: neither happened."""
    ended_ago_s: float
    next_try_s: float
    """Until it is started again, while it does not run."""
