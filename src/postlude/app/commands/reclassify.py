"""Judging the history again without the running app."""

from collections.abc import Generator
from contextlib import closing

from postlude.app.build.common import build_parts
from postlude.app.build.digest import build_digest, own_visits, window_settings
from postlude.app.build.sending import build_tracker
from postlude.config import Settings
from postlude.history import open_history
from postlude.services.change_feed import Changes
from postlude.services.digest.reclassify import Reclassifier, ReclassifyProgress
from postlude.store import open_store


def reclassify_offline(
    settings: Settings, since: int = 0, *, dry_run: bool = False
) -> Generator[ReclassifyProgress, None, None]:
    """Lock the data folder, digest the rest of the journal, judge again; yields the progress after every step.

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
        work = Reclassifier(
            history, store, own_visits(settings, store), settings=window_settings(settings), clock=parts.clock
        )
        yield work.start(since, dry_run=dry_run)
        while work.step():
            yield work.progress()
        yield work.progress()
