"""A stop that lets a loop turn so many times and never makes it wait."""

import threading


class StopAfter(threading.Event):
    """Set after `count` looks."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._left = count

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the standard library's signature
        return False
