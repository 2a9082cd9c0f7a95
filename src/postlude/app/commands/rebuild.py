"""Making all projections anew without the running app."""

from collections.abc import Generator
from contextlib import closing

from postlude.app.build.common import build_parts
from postlude.app.build.digest import build_digest
from postlude.app.build.sending import build_tracker
from postlude.config import Settings
from postlude.history import open_history
from postlude.services.change_feed import Changes
from postlude.services.digest.rebuild_all import Rebuilder, RebuildProgress
from postlude.store import open_store


def rebuild_offline(settings: Settings) -> Generator[RebuildProgress, None, None]:
    """Lock the data folder, digest the rest of the journal, make all anew; yields the progress after every step.

    InUseError while the app runs. Closing the iterator stops; the next run continues.
    """
    parts = build_parts(settings)
    with (
        closing(parts.folder.lock()),
        closing(open_store(settings.database, parts.folder.forgotten_key)) as store,
        closing(open_history(parts.folder.history)) as history,
    ):
        spool_out, spool_in = parts.folder.outgoing_mail(), parts.folder.returned_mail()
        tracker = build_tracker(parts)
        build_digest(
            parts, store, history, Changes(), tracker=tracker, spool_out=spool_out, spool_in=spool_in
        ).catch_up()
        work = Rebuilder(history, store, parts.clock, keep_events_days=settings.keep_events_days)
        yield work.start()
        while work.step():
            yield work.progress()
        yield work.progress()
