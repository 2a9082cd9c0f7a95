"""How long returned mail is kept. Its findings are events, so the mail itself is deleted."""

import logging
from collections.abc import Collection, Mapping
from typing import Final, Protocol

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import StorageError

DAY_S: Final = 86_400
KEPT_S: Final = 8 * DAY_S
"""A day longer than the journal refers to it: no record is read without its mail."""
KEPT_FOR_A_PERSON_S: Final = 90 * DAY_S
"""For mail in the review queue; as far back as copies are offered for assignment."""

_log = logging.getLogger(__name__)


class AskedAbout(Protocol):
    """Names the mails that are in the review queue."""

    def __call__(self, mails: Collection[int], /) -> dict[int, int]:
        """Those of `mails` with an open question, and since when."""
        ...


class RetainedMail(Protocol):
    """The folders of returned mail. Both methods raise StorageError."""

    def older(self, part: int, before: float) -> Mapping[int, float]: ...  # noqa: D102 - as the spool
    def delete(self, id: int) -> None: ...  # noqa: A002, D102 - as the spool


class ReturnedKeeping:
    """Deletes expired mail, one folder of the spool per call; call it when the journal is digested."""

    def __init__(self, mails: RetainedMail, parts: int, asked_about: AskedAbout, clock: Clock) -> None:
        """`asked_about`: which of these mails an open question is about."""
        self._mails = mails
        self._parts = parts
        self._asked_about = asked_about
        self._clock = clock
        self._next = 0

    def __call__(self) -> None:
        """Examine the next folder. A failed deletion is logged and retried in the next round."""
        now = self._clock.now() / MICROS_PER_SECOND
        part, self._next = self._next, (self._next + 1) % self._parts
        try:
            old = self._mails.older(part, now - KEPT_S)
            asked = self._asked_about(old) if old else {}
            for mail in old:
                # Since the question is there, and not by the file: a restored backup has files of today.
                if asked.get(mail, 0) < (now - KEPT_FOR_A_PERSON_S) * MICROS_PER_SECOND:
                    self._mails.delete(mail)
        except StorageError as error:
            _log.warning("expired returned mail cannot be deleted: %s", error)
