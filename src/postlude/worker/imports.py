"""Imports that were ordered in the browser, or whose command died: done by the app, one after the other."""

import logging
import threading
from pathlib import Path
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.ids import new_id
from postlude.kit.loop import ThreadLoop
from postlude.model.errors import InUseError, PostludeError, StorageError
from postlude.model.words import JobStatus
from postlude.services.contacts.import_job import KIND, claim_import, run_import
from postlude.store import Store

_LOOK_SECONDS: Final = 10.0
_KEPT_SECONDS: Final = 86_400
_JOBS_LOOKED_AT: Final = 1000
_log: Final = logging.getLogger(__name__)


class Imports:
    """Owned by one thread. `wake` signals new work.

    Uploaded files are personal data: deleted once their import has ended, and after a day without an import.
    """

    def __init__(self, store: Store, clock: Clock, uploads: Path) -> None:
        self._store = store
        self._clock = clock
        self._uploads = uploads
        self._owner = f"app {new_id()}"
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._uploads_deleted = False
        self._loop: Final = ThreadLoop(
            "imports", self._round, expected=(StorageError, InUseError), problem="imports wait"
        )

    @property
    def problem(self) -> str:
        """Why imports wait; empty when they do not."""
        return self._loop.problem

    def wake(self) -> None:
        """Look for work now. Safe from any thread."""
        self._wake.set()

    def stop(self) -> None:
        """End after the current batch; the rest continues at the next start."""
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Run imports until `stop`. A failed import shows its error on its page; the next one runs."""
        self._loop.run(self._stop)

    def _round(self) -> float:
        self._wake.clear()
        if worked := self._one():
            self._uploads_deleted = False
        if not self._uploads_deleted:
            self._delete_old_uploads()
            self._uploads_deleted = True
        if not worked:
            self._loop.worked()
            self._wake.wait(_LOOK_SECONDS)
        return 0.0

    def _one(self) -> bool:
        job = claim_import(self._store, self._clock, self._owner)
        if job is None:
            return False
        try:
            run_import(self._store, self._clock, job, stopping=self._stop.is_set)
        except (StorageError, InUseError):
            raise
        except PostludeError as error:
            _log.warning("import %s: %s", job.title, error)
        except Exception:  # noqa: BLE001 - a bug of ours: on the job and in the log; the next import is done
            _log.exception("import %s", job.title)
        return True

    def _delete_old_uploads(self) -> None:
        jobs = [job for job in self._store.jobs.latest(KIND, limit=_JOBS_LOOKED_AT) if not job.options.get("dry_run")]
        files = {str(job.options.get("file")): job.status for job in jobs}
        old = self._clock.now() // MICROS_PER_SECOND - _KEPT_SECONDS
        for path in self._uploads.iterdir():
            status = files.get(str(path))
            over = status in {JobStatus.DONE, JobStatus.CANCELLED}
            if over or (status is None and path.stat().st_mtime < old):
                path.unlink(missing_ok=True)
