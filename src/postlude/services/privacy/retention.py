"""Retention of personal data. Called about once a minute; does a little work and deletes nothing in use."""

import logging
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from postlude.history import History
from postlude.journal import PARTS, Spool
from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import StorageError
from postlude.services.privacy.forgetting import delete_contents, delete_waiting
from postlude.store import Store

_DAY_S: Final = 86_400
_FEED_DAYS: Final = 7  # as long as the journal
_HOUR: Final = 3_600 * MICROS_PER_SECOND
_MINUTE: Final = 60 * MICROS_PER_SECOND
_MOMENT_S: Final = 0.05

_log = logging.getLogger(__name__)


class Keep(NamedTuple):
    """Days for which each kind is kept; 0: for good."""

    events: int = 0
    """Recorded events: opens, clicks, deliveries. The counts of messages and campaigns stay."""
    mail: int = 0
    """The contents of single mail, and its pages for view in browser."""
    replies: int = 0
    """Texts of replies, and the review queue."""
    audit: int = 0
    """The audit log."""


class MailFolders(NamedTuple):
    """Where the contents of messages are."""

    contents: Spool
    views: Path
    """Folder of the pages for view in browser."""


class Retention:
    """Deletes expired data. A failed deletion is logged and retried in the next call."""

    def __init__(self, store: Store, history: History, mail: MailFolders, clock: Clock, keep: Keep) -> None:
        self._store: Final = store
        self._history: Final = history
        self._spool, self._views = mail
        self._clock: Final = clock
        self._keep: Final = keep
        self._part = clock.now() // _MINUTE % PARTS  # an app that is often restarted looks at all of them, too
        self._looked_at = 0

    def __call__(self) -> None:
        """Look at folders of contents for a moment, all of them where there are few, and once an hour at the rest."""
        try:
            delete_waiting(self._store, self._spool, self._views)
            if self._keep.mail:
                self._contents(self._clock.now() / MICROS_PER_SECOND - self._keep.mail * _DAY_S)
            if not 0 <= self._clock.now() - self._looked_at < _HOUR:
                self._looked_at = self._clock.now()
                self._records()
        except StorageError as error:
            _log.warning("expired data cannot be deleted: %s", error)

    def _contents(self, before: float) -> None:
        began = monotonic()
        for _ in range(PARTS):
            part, self._part = self._part, (self._part + 1) % PARTS
            delete_contents(self._spool, self._views, self._settled(self._expired(part, before)))
            if monotonic() - began > _MOMENT_S:
                return

    def _expired(self, part: int, before: float) -> list[int]:
        """Messages accepted before then. The state knows when; for those it does not know, their file's time says it.

        Never the file's alone: a restored backup, or a copy on another disk, has files of today.
        """
        stored = self._spool.stored(part, before)
        accepted = self._store.messages.accepted_at(stored)
        return [
            message
            for message, of_file in stored.items()
            if accepted.get(message, of_file * MICROS_PER_SECOND) < before * MICROS_PER_SECOND
        ]

    def _settled(self, messages: Iterable[int]) -> list[int]:
        return self._store.forgetting.contents_due(list(messages))

    def _records(self) -> None:
        self._store.feed.trim(self._before(_FEED_DAYS), self._history.cursor())
        if self._keep.events:
            self._history.forget_before(self._before(self._keep.events))
            self._store.notices.forget_before(self._before(self._keep.events))
        if self._keep.replies:
            self._history.forget_words_before(self._before(self._keep.replies))
            self._store.feedback.forget_before(self._before(self._keep.replies))

        if self._keep.audit:
            self._store.accounts.forget_audit_before(self._before(self._keep.audit))

    def _before(self, days: int) -> int:
        return self._clock.now() - days * _DAY_S * MICROS_PER_SECOND
