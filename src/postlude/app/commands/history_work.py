"""Long work on the whole history without the running app."""

from collections.abc import Generator
from typing import Protocol, TypeVar

from postlude.app.build.digest import own_visits, window_settings
from postlude.app.commands.stores import offline_stores
from postlude.config import Settings
from postlude.kit.clock import SystemClock
from postlude.services.digest.rebuild_all import Rebuilder, RebuildProgress
from postlude.services.digest.reclassify import Reclassifier, ReclassifyProgress

Progress_co = TypeVar("Progress_co", covariant=True)


class HistoryWork(Protocol[Progress_co]):
    """Work that is done in steps and stores how far it is."""

    def step(self) -> bool:
        """Do one step; True while there is more."""

    def progress(self) -> Progress_co:
        """How far it is."""


def rebuild_offline(settings: Settings) -> Generator[RebuildProgress, None, None]:
    """Lock the data folder, digest the rest of the journal, make all counts anew; yields the progress of every step.

    InUseError while the app runs. Closing the iterator stops; the next run continues.
    """
    with offline_stores(settings) as (store, history):
        work = Rebuilder(history, store, SystemClock(), keep_events_days=settings.keep_events_days)
        work.start()
        yield from _steps(work)


def reclassify_offline(
    settings: Settings, since: int = 0, *, dry_run: bool = False
) -> Generator[ReclassifyProgress, None, None]:
    """As `rebuild_offline`, but judge every open and click again."""
    with offline_stores(settings) as (store, history):
        visits, clock = own_visits(settings, store), SystemClock()
        work = Reclassifier(history, store, visits, settings=window_settings(settings), clock=clock)
        work.start(since, dry_run=dry_run)
        yield from _steps(work)


def _steps(work: HistoryWork[Progress_co]) -> Generator[Progress_co, None, None]:
    yield work.progress()
    while work.step():
        yield work.progress()
    yield work.progress()
