"""Forgetting an address in every store and folder. For the digest's thread, while both stores hold the same records."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from postlude.history import History
from postlude.journal import Spool
from postlude.kit.clock import Clock
from postlude.kit.ids import id_text, parse_id
from postlude.model.words import JobStatus
from postlude.services.ports import Journals
from postlude.services.privacy.file_search import FileSearch, file_names
from postlude.store import Store

WAITING: Final = "privacy:contents-waiting"
"""Setting: messages whose contents are deleted when the last copy to another recipient was sent."""
FORGOTTEN_AT: Final = "privacy:forgotten-at"
_REMAINS: Final = "privacy:remains"
"""True while pages of the state that are not used any more may still name who was forgotten."""
"""Setting: when an address was last forgotten; earlier journal segments are deleted early."""
_PATIENCE_SECONDS: Final = 30.0  # a process that hangs does not roll its journal: it must not hold up forgetting
_LOOKING_SECONDS: Final = 0.05  # through files, until the digest has its turn: mail waits for that
_UNDER_WAY: Final = frozenset((JobStatus.WAITING, JobStatus.RUNNING, JobStatus.PAUSED))

_log = logging.getLogger(__name__)


class Folders(NamedTuple):
    """Folders of mail and of files made from it."""

    spool_out: Spool
    spool_in: Spool
    spool_in_root: Path
    mailbox: Path
    views: Path
    uploads: Path


class Forgetter:
    """Does what `store.forgetting.ask_to_forget` was asked for. Interrupted, it is done again from the beginning."""

    def __init__(self, store: Store, history: History, folders: Folders, clock: Clock) -> None:
        self._store: Final = store
        self._history: Final = history
        self._folders: Final = folders
        self._clock: Final = clock
        self._done: list[str] = []
        """Forgotten in the stores; the journals may still name them."""
        self._asked_at = 0.0
        self._search: FileSearch | None = None

    def due(self) -> bool:
        """Whether an address is waiting to be forgotten."""
        return bool(self._store.forgetting.to_forget()) or leaves_remains(self._store)

    def last_at(self) -> int:
        """When an address was last forgotten, 0: never."""
        at: int = self._store.settings.get(FORGOTTEN_AT, 0)
        return at

    def run(self, journals: Journals) -> bool:
        """Forget all waiting addresses. False while it looks through files or waits for journals: call it again soon.

        In this order: once the stores have forgotten an address nothing more is sent to it, so the new segments of the
        journals do not contain it.
        """
        addresses = self._store.forgetting.to_forget()
        if not addresses:
            self._leave_no_remains()
            return True
        if addresses != self._done:
            named = self._naming(addresses)
            if named is None:
                return False
            if named & self._imported():
                return True  # the file is read to its end first
            for address in addresses:
                self._forget(address)
            for path in named:
                path.unlink(missing_ok=True)
            self._search = None
            self._done, self._asked_at = addresses, monotonic()
            journals.roll()
        if not journals.rolled() and monotonic() < self._asked_at + _PATIENCE_SECONDS:
            return False
        self._finish(addresses, journals)
        return True

    def _finish(self, addresses: list[str], journals: Journals) -> None:
        self._history.leave_no_remains()
        self._store.settings.put(FORGOTTEN_AT, self._clock.now())
        journals.trim()
        self._store.settings.put(_REMAINS, value=True)
        for address in addresses:
            self._store.forgetting.forgot(address)
        self._leave_no_remains()
        self._done = []
        _log.info("forgotten: %d addresses", len(addresses))

    def _leave_no_remains(self) -> None:
        # After the requests, which name who is forgotten themselves.
        if leaves_remains(self._store):
            self._store.forgetting.leave_no_remains()
            self._store.settings.put(_REMAINS, value=False)

    def _forget(self, address: str) -> None:
        # The state last: until then it knows which copies and messages belong to the address.
        folders = self._folders
        copies = self._store.forgetting.copies_to_forget(address)
        self._history.forget(list(copies), address)
        self._store.feed.forget(copies, address)
        waiting = {id_text(message) for message in copies.values() if message}
        self._store.settings.put(WAITING, sorted({*self._store.settings.get(WAITING, ()), *waiting}))
        forgot = self._store.forgetting.forget(address, self._clock.now())
        delete_waiting(self._store, folders.spool_out, folders.views)
        for mail in forgot.mails:
            folders.spool_in.delete(mail)

    def _naming(self, addresses: list[str]) -> set[Path] | None:
        """The files that name one of them; None while they are looked through."""
        if self._search is None or self._search.addresses != tuple(addresses):
            self._search = FileSearch(addresses, self._files)
        return self._search.named(_LOOKING_SECONDS)

    def _files(self) -> Iterator[Path]:
        folders = self._folders
        for folder in (folders.spool_in_root, folders.mailbox, folders.uploads):
            yield from (path for path in folder.rglob("*.*") if path.is_file())
        yield from (file for file in self._imported() if not file.is_relative_to(folders.uploads) and file.is_file())

    def _imported(self) -> set[Path]:
        """Files that are being imported."""
        jobs = [job for job in self._store.jobs.latest() if job.status in _UNDER_WAY]
        return {Path(str(job.options["file"])) for job in jobs if job.options.get("file")}


def leaves_remains(store: Store) -> bool:
    """Whether pages of the state may still name who was forgotten, and are about to be rewritten."""
    return bool(store.settings.get(_REMAINS, False))


def ask_to_forget(store: Store, clock: Clock, address: str) -> None:
    """Ask the digest to forget an address; InputError when it is a user's."""
    store.forgetting.ask_to_forget(address, clock.now())


def damaged_files_naming(root: Path, address: str) -> list[Path]:
    """Damaged files, renamed and kept for a repair, that name the address: forgetting leaves them."""
    return sorted(path for path in root.rglob("*.damaged-*") if path.is_file() and file_names(path, address))


def delete_contents(spool: Spool, views: Path, messages: Iterable[int]) -> None:
    """Delete the contents of these messages."""
    for message in messages:
        spool.delete(message)
        (views / f"{id_text(message)}.html").unlink(missing_ok=True)


def delete_waiting(store: Store, spool: Spool, views: Path) -> None:
    """Delete the contents of messages to a forgotten recipient once they were sent to all others."""
    waiting = [number for text in store.settings.get(WAITING, ()) if (number := parse_id(text)) is not None]
    due = set(store.forgetting.contents_due(waiting))
    if due:
        delete_contents(spool, views, due)
        store.settings.put(WAITING, sorted(id_text(message) for message in waiting if message not in due))
