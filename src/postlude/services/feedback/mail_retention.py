"""How long mail that came back is kept: not for good, since everything it said is an event."""

import logging
from collections.abc import Collection, Mapping
from typing import Final, Protocol

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import StorageError

DAY_S: Final = 86_400
KEPT_S: Final = 8 * DAY_S
"""A day longer than the journal speaks of it: no record is read whose mail is gone."""
KEPT_FOR_A_PERSON_S: Final = 90 * DAY_S
"""While somebody may still be asked about it; as far back as copies to assign it to are offered."""

_log = logging.getLogger(__name__)


class AskedAbout(Protocol):
    """Tells which mails a person is still asked about."""

    def __call__(self, mails: Collection[int], /) -> set[int]:
        """Those of `mails` with an open question."""
        ...


class RetainedMail(Protocol):
    """Where returned mail lies, in folders. Both raise StorageError."""

    def older(self, part: int, before: float) -> Mapping[int, float]: ...  # noqa: D102 - as the spool
    def delete(self, id: int) -> None: ...  # noqa: A002, D102 - as the spool


class ReturnedKeeping:
    """Deletes what has been kept long enough, one folder of the spool a call; call it when all of it is digested."""

    def __init__(self, mails: RetainedMail, parts: int, asked_about: AskedAbout, clock: Clock) -> None:
        """`asked_about`: which of these mails an open question is about."""
        self._mails = mails
        self._parts = parts
        self._asked_about = asked_about
        self._clock = clock
        self._next = 0

    def __call__(self) -> None:
        """Look at the next folder. What cannot be deleted is said and tried again when its turn comes."""
        now = self._clock.now() / MICROS_PER_SECOND
        part, self._next = self._next, (self._next + 1) % self._parts
        try:
            old = self._mails.older(part, now - KEPT_S)
            kept = self._asked_about(old) if old else set()
            for mail, stored in old.items():
                if mail not in kept or stored < now - KEPT_FOR_A_PERSON_S:
                    self._mails.delete(mail)
        except StorageError as error:
            _log.warning("expired returned mail cannot be deleted: %s", error)
