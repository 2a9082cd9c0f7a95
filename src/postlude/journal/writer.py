"""Appending: one committer thread gathers what came while the last batch was syncing. No timer, no waiting."""

import asyncio
import errno
import logging
import os
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from postlude.journal import folder as files
from postlude.journal import frame, lost, registry, segment_header
from postlude.journal.append_queue import AppendQueue, CallSoon, Deliver
from postlude.journal.committer import Committer, CommitterThread
from postlude.journal.disk import Disk
from postlude.journal.limits import DEFAULT_MAX_BYTES, STALLED_S, full_disk_alarm, size_alarm, stalled_alarm
from postlude.journal.position import MAX_SEGMENT, MAX_SEGMENT_BYTES, Position
from postlude.journal.reserve import Reserve
from postlude.journal.segment import OpenSegment
from postlude.journal.spare import Spare
from postlude.kit.clock import Clock, SystemClock
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import make_folder
from postlude.model.errors import InputError, StorageError
from postlude.model.observation import AttemptStarted, encode_observation

REQUEST: Final = "roll"
"""Beside the journals: when it changes, every writer goes on in a new segment (`rolling`)."""

_BUSY_BYTES: Final = 1 << 20  # a segment this full is worth a prepared successor
_BATCH_BYTES: Final = 4 << 20
_PATIENCE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 1.0  # whether a new segment is asked for
_RETRY_SECONDS: Final = 0.25  # a broken disk is asked again this often, not for every record
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PARTS: Final = 8  # a journal is at least this many segments, so that what is digested can make room
_LEAST_SEGMENT: Final = 1 << 20

W = TypeVar("W")

_log = logging.getLogger(__name__)


class Done(Protocol):
    """Is told what became of one record."""

    def __call__(self, result: Position | StorageError, /) -> None:
        """Where it is, durably, or why not; called in the committer's thread."""
        ...


class WriterStats(NamedTuple):
    """What a writer did since it was opened."""

    records: int
    batches: int
    bytes: int
    lost: int
    """Records that were refused because the disk did."""
    journal_bytes: int
    """Bytes of all segments of this writer, as of the last rotation plus what was written since."""
    problem: str
    """Why the last batch was refused; empty when it was not."""


class JournalWriter:
    """One process's own journal under `root`, held with an exclusive lock (InUseError when it is taken).

    `append` returns when the record survives a power cut. Every start opens a new segment.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        segment_bytes: int = MAX_SEGMENT_BYTES,
        max_bytes: int = DEFAULT_MAX_BYTES,
        spare_bytes: int = 0,
        disk: Disk | None = None,
        clock: Clock | None = None,
        committer: Committer | None = None,
    ) -> None:
        """`spare_bytes`: reserved on the disk for when it is full.

        `committer`: runs the work, if not a thread.
        """
        if not segment_header.SIZE + frame.OVERHEAD < segment_bytes <= MAX_SEGMENT_BYTES:
            raise InputError(f"segment_bytes must be at most {MAX_SEGMENT_BYTES}, not {segment_bytes}")
        self.number, self._identity = registry.register(root, name)
        self.root: Final = root
        self.name: Final = name
        self._folder = root / name
        self._segment_bytes = min(segment_bytes, max(max_bytes // _PARTS, _LEAST_SEGMENT))
        self._max_bytes = max_bytes
        self._spare_bytes = spare_bytes
        self._disk = disk or Disk()
        self._clock = clock or SystemClock()
        self._records: list[bytes] = []
        self._waiting: list[Done] = []
        self._lock = threading.Lock()
        self._queues: tuple[AppendQueue[Any], ...] = ()
        self._closing = False
        self._segment: OpenSegment | None = None
        self._retry_at = 0.0
        self._problem = ""
        self._storing_since = 0.0
        self._on_spare = self._due_to_roll = False
        self._count = self._batches = self._bytes = self._lost = 0
        self._request = root / REQUEST
        self._asked = self._asked_at()  # what was asked for before is done by opening
        self._look_at = monotonic() + _LOOK_SECONDS
        self._open()
        self._committer = committer or CommitterThread()
        self.wake: Final = self._committer.wake
        """Have the committer look for work."""
        self._committer.start(f"journal {name}", self._work)

    def _open(self) -> None:
        try:
            make_folder(self._folder)
            self._disk.sync_folder(self._folder.parent)
            self._lock_fd = files.lock(self._folder, _PATIENCE_SECONDS)
        except OSError as error:
            raise StorageError(file_trouble(error, self._folder)) from error
        try:
            self._open_locked()
        except BaseException:
            os.close(self._lock_fd)  # whoever tries again, perhaps this process, must be able to
            raise

    def _open_locked(self) -> None:
        try:
            self._last = files.recover(self._folder, self._identity)
            self._mark = files.WriterMark(self._folder, writable=True)
            if earlier := lost.take_lost(self._folder):
                self._mark.lose(earlier, self._clock.now())
            self._mark.recovered()
            self._size = files.folder_bytes(self._folder)
            self._reserve = Reserve(self._disk, self._folder, self._segment_bytes)
            self._spare = Spare(self._disk, self._folder, min(self._spare_bytes, self._segment_bytes))
        except OSError as error:
            raise StorageError(file_trouble(error, self._folder)) from error

    async def append(self, data: bytes) -> Position:
        """Store one record (not empty); returns when it is durable, StorageError when the disk refused."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Position] = loop.create_future()
        self.submit(data, partial(_tell, loop, future))
        return await future

    def append_blocking(self, data: bytes) -> Position:
        """`append` for threads and the command line."""
        done = threading.Event()
        results: list[Position | StorageError] = []

        def finish(result: Position | StorageError) -> None:
            results.append(result)
            done.set()

        self.submit(data, finish)
        done.wait()
        if isinstance(results[0], StorageError):
            raise results[0]
        return results[0]

    def submit(self, data: bytes, done: Done) -> None:
        """Store one record and have `done` called, in the committer's thread, with its position or the error."""
        if not 0 < len(data) <= self._room():
            raise InputError(f"a record of {len(data)} bytes does not fit a segment of {self._segment_bytes}")
        with self._lock:
            if self._closing:
                raise StorageError(f"{self._folder}: the journal is closed")
            self._records.append(data)
            self._waiting.append(done)
        self.wake()

    def roll(self) -> None:
        """Go on in a new segment, at once: the newest one before can be deleted when it is read. Never an error."""
        with self._lock:
            if self._closing:
                return
            self._due_to_roll = True
        self.wake()

    def close(self) -> None:
        """Finish what was submitted, then let go of the journal."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        self._committer.stop()
        if self._segment is not None:
            self._segment.finish()
        self._reserve.close()
        self._spare.close()
        self._mark.close()
        os.close(self._lock_fd)

    @property
    def alarm(self) -> str:
        """A warning with its remedy before the journal or the disk is full; empty while there is room."""
        if self.stalled_s > STALLED_S:
            return stalled_alarm(self.name, self.stalled_s)
        if self._on_spare:
            return full_disk_alarm(self.name, self._spare.size)
        return size_alarm(self.name, self._size, self._max_bytes)

    @property
    def stats(self) -> WriterStats:
        """Counters since the start, and whether the disk takes records."""
        return WriterStats(self._count, self._batches, self._bytes, self._lost, self._size, self._problem)

    def append_queue(self, soon: CallSoon, deliver: Deliver[W]) -> "AppendQueue[W]":
        """A queue of its own for one event loop, whose `call_soon` is `soon`."""
        queue = AppendQueue(soon, self.wake, deliver)
        self._queues = (*self._queues, queue)
        return queue

    def _work(self) -> None:
        if monotonic() >= self._look_at or self._closing:
            self._look_at = monotonic() + _LOOK_SECONDS
            asked = self._asked_at()
            self._due_to_roll = self._due_to_roll or asked != self._asked
            self._asked = asked
        if self._due_to_roll:
            self._due_to_roll = False
            self._roll()
        while self._round():
            pass

    def _asked_at(self) -> int:
        """When a new segment was asked for last; 0: never."""
        try:
            return self._request.stat().st_mtime_ns
        except OSError:
            return 0

    def _roll(self) -> None:
        """A segment is started with its first record: one without content."""
        if self._segment is not None:
            self._segment.finish()
            self._segment = None
        self._commit_frame([encode_observation(AttemptStarted(self._clock.now(), ()))], [_ignore_result])

    def _round(self) -> bool:
        """Commit all records that came during the last sync; False when there are none."""
        worked = False
        if batch := self._take():
            worked = True
            self._commit(*batch)
        for queue in self._queues:
            if queue.handed_over:
                worked = True
                self._commit_queue(queue)
        return worked

    def _commit_queue(self, queue: "AppendQueue[Any]") -> None:
        records, waiters = queue.take()
        error = self._store(records)
        try:
            queue.deliver(waiters, error)
        except Exception:  # noqa: BLE001 - one caller must not stop the committer for all others
            _log.exception("journal: a callback failed")

    def _take(self) -> tuple[list[bytes], list[Done]] | None:
        with self._lock:
            records, waiting = self._records, self._waiting
            if not records:
                return None
            self._records, self._waiting = [], []
        return records, waiting

    def _commit(self, records: list[bytes], waiting: list[Done]) -> None:
        first = 0
        while first < len(records):
            last, size = first, 0
            while last < len(records) and (
                last == first or size + len(records[last]) <= min(_BATCH_BYTES, self._room())
            ):
                size += len(records[last]) + 4
                last += 1
            self._commit_frame(records[first:last], waiting[first:last])
            first = last

    def _room(self) -> int:
        return self._segment_bytes - segment_header.SIZE - frame.OVERHEAD

    def _commit_frame(self, records: list[bytes], waiting: list[Done]) -> None:
        error = self._store(records)
        if error is not None:
            for done in waiting:
                _call(done, error)
            return
        segment = self._segment
        assert segment is not None
        offset = segment.end - sum(map(len, records))
        for record, done in zip(records, waiting, strict=True):
            _call(done, Position(self.number, segment.number, offset))
            offset += len(record)

    @property
    def stalled_s(self) -> float:
        """For how long the disk has neither taken nor refused what is being written."""
        since = self._storing_since
        return monotonic() - since if since else 0.0

    def _store(self, records: list[bytes]) -> StorageError | None:
        """Make one frame of records durable; returns the error if that fails."""
        self._storing_since = monotonic()
        try:
            return self._stored(records)
        finally:
            self._storing_since = 0.0

    def _stored(self, records: list[bytes]) -> StorageError | None:
        try:
            try:
                self._write(records)
            except OSError as error:
                if error.errno not in _FULL or not self._take_spare():
                    raise
                self._write(records)
        except OSError as error:
            return self._failed(StorageError(file_trouble(error, self._folder)), len(records))
        except StorageError as error:
            return self._failed(error, len(records))
        except Exception as error:  # noqa: BLE001 - a fault of ours: those who wait must be answered all the same
            _log.exception("journal: a batch failed")
            return self._failed(StorageError(f"{self._folder}: {error!r}"), len(records))
        self._count += len(records)
        self._batches += 1
        if self._problem:
            self._problem = ""
            self._mark.recovered()
        return None

    def _write(self, records: list[bytes]) -> None:
        if self._problem and monotonic() < self._retry_at:
            raise StorageError(self._problem)
        need = sum(map(len, records)) + frame.OVERHEAD + 4 * len(records)
        segment = self._segment
        if segment is None or segment.full(need, better=self._reserve.ready):
            segment = self._rotate(need)
        before = segment.end
        segment.append(frame.build_frame(records, segment.seed))
        self._mark.put(segment.number, segment.end)
        if segment.end > _BUSY_BYTES:
            self._reserve.prepare()
        self._bytes += segment.end - before
        self._size += segment.end - before

    def _rotate(self, need: int) -> OpenSegment:
        if self._segment is not None:
            self._segment.finish()
            self._segment = None
        self._size = files.folder_bytes(self._folder)
        if self._size + need > self._max_bytes:
            raise StorageError(f"{self._folder}: {self._size} bytes wait to be read, the limit is {self._max_bytes}")
        self._segment = self._new_segment(self._reserve, self._segment_bytes)
        if self._on_spare:
            self._on_spare = False
            _log.info("journal: the disk takes new files of %s again", self.name)
        self._spare.keep_up()
        return self._segment

    def _new_segment(self, source: Reserve | Spare, limit: int) -> OpenSegment:
        if self._last >= MAX_SEGMENT:
            raise StorageError(f"{self._folder}: all segment numbers are used; start a writer of another name")
        self._last += 1
        mine = segment_header.new_head(self.number, self._last, self._identity)
        try:
            return OpenSegment(self._disk, self._folder, mine, source, limit)
        except FileExistsError:
            raise  # something else has this name: the next try takes the next number
        except OSError:
            self._last -= 1
            raise

    def _take_spare(self) -> bool:
        """The disk is full: continue in the spare segment."""
        if not self._spare.there:
            return False
        self._abandon()
        self._segment = self._new_segment(self._spare, self._spare.size)
        self._on_spare = True
        _log.error("journal: the disk is full; %s", self.alarm)
        return True

    def _abandon(self) -> None:
        if self._segment is not None:
            if self._segment.abandon():
                self._last = self._segment.number - 1
            self._segment = None

    def _failed(self, error: StorageError, records: int) -> StorageError:
        if not self._problem:
            _log.error("journal: %s; records are being lost", error)
        self._abandon()
        if not self._problem or monotonic() >= self._retry_at:
            self._retry_at = monotonic() + _RETRY_SECONDS
        self._problem = str(error)
        self._lost += records
        self._mark.lose(records, self._clock.now())
        return error


def _ignore_result(_result: Position | StorageError) -> None:
    """The result is not needed."""


def _call(done: Done, result: Position | StorageError) -> None:
    try:
        done(result)
    except Exception:  # noqa: BLE001 - one caller must not stop the committer for all others
        _log.exception("journal: a callback failed")


def _tell(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[Position]", result: Position | StorageError) -> None:
    with suppress(RuntimeError):  # the loop was closed before the answer came
        loop.call_soon_threadsafe(_resolve, future, result)


def _resolve(future: "asyncio.Future[Position]", result: Position | StorageError) -> None:
    if future.done():
        return
    if isinstance(result, StorageError):
        future.set_exception(result)
    else:
        future.set_result(result)
