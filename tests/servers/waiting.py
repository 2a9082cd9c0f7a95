"""Ports nobody uses and waiting for things to be true."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Literal, TypeVar

T = TypeVar("T")
LOOPBACK = "127.0.0.1"
PATIENCE = 4
"""How much longer than expected is waited before it counts as never: the machine may be doing much else."""


def free_port() -> int:
    """A port nobody listens on now, for servers that cannot be told 0.

    Below the kernel's range for outgoing connections (32768 up), so that none of those takes it in between.
    """
    for candidate in _candidates():
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, candidate))
            except OSError:
                continue
            return candidate
    raise RuntimeError("no free port on 127.0.0.1")


def _candidates() -> range:
    start = 10_000 + time.monotonic_ns() // 1000 % 20_000
    return range(start, start + 2000)


def wait_for(
    what: str, check: Callable[[], T | Literal[False] | None], seconds: float = 15.0, pause: float = 0.02
) -> T:
    """The first true answer of `check`, which is expected within `seconds`.

    AssertionError naming `what` and the last answer when there is none in PATIENCE times as long.
    """
    deadline = time.monotonic() + seconds * PATIENCE
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE:g} s in vain for {what}; last seen: {answer!r}")
        time.sleep(pause)
    return answer


async def until(what: str, check: Callable[[], T | Literal[False] | None], seconds: float = 15.0) -> T:
    """As `wait_for`, while the event loop runs."""
    deadline = time.monotonic() + seconds * PATIENCE
    while not (answer := check()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * PATIENCE:g} s in vain for {what}; last seen: {answer!r}")
        await asyncio.sleep(0.02)
    return answer


def listening(port: int) -> bool:
    """Whether somebody accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0
