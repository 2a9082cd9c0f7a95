"""Notices when the machine's clock is set back, and has the times repaired that lie in the future since.

Once at the start, too: the clock may have been set while nothing ran.
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
_STEP: Final = 5 * MICROS_PER_SECOND  # what is less is drift: nobody waits for it

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
        self._repair, self._stepped = True, False  # until it is done: the database may be away

    async def _look(self) -> float:
        ahead = self._clock.now() - int(monotonic() * MICROS_PER_SECOND)
        if self._ahead is not None and ahead < self._ahead - _STEP:
            _log.warning("the clock was set back by %d s", (self._ahead - ahead) // MICROS_PER_SECOND)
            self._repair = self._stepped = True
        self._ahead = ahead
        if self._repair:
            await asyncio.to_thread(repair_times, self._store, self._clock, self._retry, stepped=self._stepped)
            self._repair = self._stepped = False
        return _LOOK_S
