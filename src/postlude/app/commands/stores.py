"""Work of commands on the data folder itself, whether or not the app runs."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import msgspec

from postlude.app.build.common import Parts, build_parts, build_quotas, own_name
from postlude.config import Settings
from postlude.history import History
from postlude.journal import JournalWriter
from postlude.kit.clock import Clock
from postlude.model.errors import InUseError, NotFoundError
from postlude.model.observation import Observation, Resolved, encode_observation
from postlude.services.feedback.review_queue import accept_wish, decide_question
from postlude.services.messages.accept import NewMessage, accept
from postlude.store import Store, User, open_store

_COMMANDS_AT_ONCE = 16


@contextmanager
def open_store_of(settings: Settings) -> Iterator[Store]:
    """Open the state, beside other processes that have it open."""
    parts = build_parts(settings)
    with closing(open_store(settings.database, parts.folder.forgotten_key)) as store:
        yield store


def accept_message(settings: Settings, new: NewMessage) -> int:
    """Accept a message durably, as the relay does, within the user's quota; return its id. The app sends it."""
    parts = build_parts(settings)
    with closing(open_store(settings.database, parts.folder.forgotten_key)) as store:
        count = partial(build_quotas(parts).take, new.user, store.accounts.user(new.user).limits)
    with closing(_journal(parts.folder.journal)) as journal:
        spool = parts.folder.outgoing_mail()
        return asyncio.run(accept(journal.append, spool, parts.clock, new, host=own_name(settings), count=count))


def append_observation(settings: Settings, observation: Observation) -> None:
    """Put one observation into the journal, durably; the app takes it in when it runs."""
    parts = build_parts(settings)
    with closing(_journal(parts.folder.journal)) as journal:
        journal.append_blocking(encode_observation(observation))


def decide_unmatched(settings: Settings, unmatched: int, copy: int) -> None:
    """Journal a decision of the server's owner about something unmatched; see `services.unmatched.decide`."""
    _decide(settings, lambda store, owner, clock: decide_question(store, owner, clock, unmatched, copy))


def accept_unmatched(settings: Settings, unmatched: int) -> None:
    """Journal that the server's owner accepts a wish to be taken off."""
    _decide(settings, lambda store, owner, clock: accept_wish(store, owner, clock, unmatched))


def _decide(settings: Settings, decision: Callable[[Store, User, Clock], Resolved]) -> None:
    parts = build_parts(settings)
    with closing(open_store(settings.database, parts.folder.forgotten_key)) as store:
        owner = store.accounts.first_user()
        if owner is None:
            raise NotFoundError("there is no user yet: start `postlude up` once")
        # Who may read the data folder runs the server, whatever the first account may do in the web app.
        decided = decision(store, msgspec.structs.replace(owner, senders=("*",)), parts.clock)
    append_observation(settings, decided)


def _journal(root: Path) -> JournalWriter:
    """Return a journal of the command line's own: a few, since commands may run side by side."""
    for number in range(1, _COMMANDS_AT_ONCE):
        try:
            return JournalWriter(root, f"cli-{number}")
        except InUseError:
            continue
    return JournalWriter(root, f"cli-{_COMMANDS_AT_ONCE}")


def forget_offline(settings: Settings) -> None:
    """Forget all waiting addresses; InUseError while the app runs, which then does it itself."""
    with offline_stores(settings):
        pass  # digesting all there is forgets as well


@contextmanager
def offline_stores(settings: Settings) -> Iterator[tuple[Store, History]]:
    """Lock the data folder, digest the rest of the journal, and read; InUseError while the app runs."""
    parts = build_parts(settings)
    with closing(parts.folder.lock()):  # at once: no app answered a moment ago
        yield from _locked_stores(settings, parts)


def _locked_stores(settings: Settings, parts: Parts) -> Iterator[tuple[Store, History]]:
    from postlude.app.build.digest import build_digest  # noqa: PLC0415 - heavy, and rarely needed
    from postlude.app.build.sending import build_tracker  # noqa: PLC0415 - as above
    from postlude.history import open_history  # noqa: PLC0415 - as above
    from postlude.services.change_feed import Changes  # noqa: PLC0415 - as above

    with (
        closing(open_store(settings.database, parts.folder.forgotten_key)) as store,
        closing(open_history(parts.folder.history)) as history,
    ):
        spool_out, spool_in = parts.folder.outgoing_mail(), parts.folder.returned_mail()
        build_digest(
            parts, store, history, Changes(), tracker=build_tracker(parts), spool_out=spool_out, spool_in=spool_in
        ).catch_up()
        yield store, history
