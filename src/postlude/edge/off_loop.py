"""Read files without blocking the event loop, so that pixels and links of others are answered meanwhile."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeVar

from postlude.kit.bounded import WeightedCache
from postlude.kit.regular_file import read_file

T = TypeVar("T")
_THREADS: Final = 2  # a hanging disk blocks these threads, never the loop
Stamp = tuple[int, int, int]

_log = logging.getLogger(__name__)


class Asker(Protocol):
    """The connection that waits for an answer."""

    answer: bytes
    """The answer that `deliver` writes."""
    lost_answer: bytes | None

    def deliver(self, error: None) -> None:
        """Write `answer` and continue with the next request."""
        ...


class FailedAnswer(Protocol):
    """The answer after a fault of ours."""

    def __call__(self) -> bytes:
        """Complete, and counted."""
        ...


class OffLoop:
    """Runs short work in its own threads and answers when it is done."""

    def __init__(self, failed: FailedAnswer) -> None:
        self._failed: Final = failed
        self._pool: Final = ThreadPoolExecutor(_THREADS, thread_name_prefix="edge-files")

    def run(self, conn: Asker, work: Callable[[], T], then: Callable[[T], bytes | None]) -> None:
        """Do `work` in a thread, then `then` on the loop: it returns the answer, or None when that follows later."""
        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        future.add_done_callback(partial(self._back, conn, then))

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _back(self, conn: Asker, then: Callable[[T], bytes | None], future: "asyncio.Future[T]") -> None:
        if future.cancelled():  # the process ends
            return
        try:
            answer = then(future.result())
        except Exception:  # noqa: BLE001 - whatever is wrong with us, who asked gets an answer
            _log.exception("edge: a request failed")
            answer = self._failed()
        if answer is not None:
            conn.answer, conn.lost_answer = answer, None
            conn.deliver(None)


class _Known(NamedTuple):
    stamp: Stamp
    made: bytes


class FilesRead:
    """Cache of values made from files, valid while the file is unchanged. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self._known: Final[WeightedCache[tuple[str, str], _Known]] = WeightedCache(most_bytes)

    def get(self, path: Path, variant: str, make: Callable[[bytes], bytes], largest: int | None = None) -> bytes | None:
        """`make` of the file's bytes; `variant` distinguishes several of one file. None when there is no such file.

        The file is checked every time, so a removed or replaced file is never answered from memory. None also when it
        has more than `largest` bytes or cannot be read.
        """
        key = (path.name, variant)
        try:
            stat = path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            known = self._known.get(key)
            if known is not None and known.stamp == stamp:
                return known.made
            if largest is not None and stat.st_size > largest:
                return None
            made = make(read_file(path))
        except OSError:
            return None
        self._known.put(key, _Known(stamp, made), len(made))
        return made
