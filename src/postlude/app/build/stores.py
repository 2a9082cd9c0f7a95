"""The stores of the app, opened when that is possible.

A database that is away, a full disk or a damaged file is waited for, with growing pauses, and told.
"""

import asyncio
import gc
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final, Protocol

from postlude.app.background.health_watch import Running
from postlude.app.build.common import Parts
from postlude.app.processes.migrate_first import bring_forward
from postlude.history import History
from postlude.journal import JournalWriter
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.loop import Pauses, TaskLoop, Troubled
from postlude.model.errors import PostludeError
from postlude.services.accounts.sessions import LONGEST_SECONDS
from postlude.services.accounts.users import create_first_user, new_app_password
from postlude.services.digest.loop import COLLECT
from postlude.services.integrity.quarantine import open_or_quarantine
from postlude.services.integrity.sending_pause import pause_if_new
from postlude.store import Store, open_store

_LONGEST_PAUSE_S: Final = 30.0


class Closing(Protocol):
    """Ends the use of something."""

    def __call__(self) -> None:
        """Waits until what was given to it is done."""
        ...


@dataclass(frozen=True)
class Stores:
    """What is open."""

    store: Store
    history: History
    journal: JournalWriter
    first_password: str
    """Of the login made at the first start; else empty."""
    session_secrets: tuple[bytes, bytes]
    """Of session cookies: the key that signs them, and the one before, which may be empty."""
    """Signs cookies."""
    close: Closing


async def stores_when_possible(
    parts: Parts, running: Running, troubles: list[Troubled], stop: asyncio.Event
) -> Stores | None:
    """Open them; None when told to stop before they could be opened.

    `running` and `troubles` say why they are not open yet.
    """
    opened: list[Stores] = []

    async def attempt() -> float:
        opened.append(await asyncio.to_thread(_open, parts))
        loop.end()
        return 0.0

    loop = TaskLoop(
        "opening the stores",
        attempt,
        expected=(PostludeError,),
        problem="the app waits for its stores",
        pauses=Pauses(1.0, _LONGEST_PAUSE_S),
    )
    running.opening = loop
    troubles.append(loop)
    await loop.run(stop)
    return opened[0] if opened else None


def _open(parts: Parts) -> Stores:
    settings, folder, clock = parts.settings, parts.folder, parts.clock
    gc.set_threshold(*COLLECT)
    with ExitStack() as stack:
        folder.prepare([])
        used = folder.was_used()
        bring_forward(settings.database)
        store = open_store(settings.database, folder.forgotten_key)
        stack.callback(store.close)
        pause_if_new(store, clock, folder.identity(), used=used)
        since_s = clock.now() / MICROS_PER_SECOND - LONGEST_SECONDS
        secrets = folder.session_secret(), folder.earlier_session_secret(since_s)
        history = open_or_quarantine(folder.history, store, clock)
        stack.callback(history.close)
        journal = JournalWriter(folder.journal, "app", max_bytes=settings.journal_max_bytes)
        stack.callback(journal.close)
        password = _first_user(parts, store)  # the last thing that can fail: it is shown once
        return Stores(store, history, journal, password, secrets, stack.pop_all().close)


def _first_user(parts: Parts, store: Store) -> str:
    if store.accounts.first_user() is not None or store.integrity.sending_pause() is not None:
        return ""
    user = create_first_user(store, parts.clock, parts.settings.owner, "Owner")
    return new_app_password(store, user, "first start", parts.clock)
