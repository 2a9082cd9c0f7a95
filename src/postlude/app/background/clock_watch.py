"""Notices when the machine's clock is set back, and has the times repaired that lie in the future since.

Also at the start, since the clock may have been set while nothing ran, and now and then: what was journaled while it
was ahead may be digested later.
"""

import asyncio
import logging
from time import monotonic
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.loop import TaskLoop
from postlude.model.errors import InUseError, StorageError
from postlude.services.integrity.clock_repair import repair_times
from postlude.services.messages.retry import RetrySchedule
from postlude.store import Store

_LOOK_S: Final = 2.0
_REPAIR_S: Final = 10.0  # looks into indexes
_STEP: Final = 5 * MICROS_PER_SECOND  # what is less is drift

_log = logging.getLogger(__name__)


class ClockWatch(TaskLoop):
    """An async context: inside it the clock is watched. The sender looks every few seconds at what is due."""

    def __init__(self, store: Store, clock: Clock, retry: RetrySchedule) -> None:
        super().__init__(
            "clock watch", self._look, expected=(StorageError, InUseError), problem="times in the future stay there"
        )
        self._store: Final = store
        self._clock: Final = clock
        self._retry: Final = retry
        self._ahead: int | None = None
        self._repair_at, self._stepped = 0.0, False  # until it is done: the database may be away

    async def _look(self) -> float:
        ahead = self._clock.now() - int(monotonic() * MICROS_PER_SECOND)
        if self._ahead is not None and ahead < self._ahead - _STEP:
            _log.warning("the clock was set back by %d s", (self._ahead - ahead) // MICROS_PER_SECOND)
            self._repair_at, self._stepped = 0.0, True
        self._ahead = ahead
        if monotonic() >= self._repair_at:
            await asyncio.to_thread(repair_times, self._store, self._clock, self._retry, stepped=self._stepped)
            self._repair_at, self._stepped = monotonic() + _REPAIR_S, False
        return _LOOK_S
