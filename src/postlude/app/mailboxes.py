"""The mailboxes that are read for what comes back: one thread a folder, each with its place kept in the state."""

import asyncio
import threading
from collections.abc import Sequence

from postlude.adapters.imap import ImapConfig, ImapReader
from postlude.config import Settings
from postlude.journal import JournalWriter, Spool
from postlude.kit.clock import Clock
from postlude.kit.ids import new_id
from postlude.model.observation import Returned, encode
from postlude.store import Store


def imap_folders(settings: Settings) -> list[ImapConfig]:
    """What is to be read, one entry a folder."""
    if not settings.imap_host:
        return []
    return [
        ImapConfig(
            host=settings.imap_host,
            port=settings.imap_port,
            tls=settings.imap_tls,
            user=settings.imap_user,
            password=settings.imap_password,
            folder=folder,
            max_message_bytes=settings.max_message_bytes,
        )
        for folder in settings.imap_folders
    ]


class Place:
    """Where one folder was read up to, in the state."""

    def __init__(self, store: Store, config: ImapConfig) -> None:
        self._store = store
        self._key = f"imap {config.user}@{config.host} {config.folder}"

    def get(self) -> tuple[int, int] | None:
        """(UIDVALIDITY, UID), None when the folder was never read."""
        place = self._store.get_setting(self._key)
        return (int(place[0]), int(place[1])) if place else None

    def put(self, validity: int, uid: int) -> None:
        """Durable when it returns."""
        self._store.put_setting(self._key, [validity, uid])


class Mailboxes:
    """An async context: inside it every folder is followed."""

    def __init__(
        self, folders: Sequence[ImapConfig], store: Store, journal: JournalWriter, spool: Spool, clock: Clock
    ) -> None:
        self._journal = journal
        self._spool = spool
        self._clock = clock
        self._stop = threading.Event()
        self._readers = [self._reader(folder, store) for folder in folders]
        self._threads = [
            threading.Thread(target=reader.run, args=(self._stop,), name=f"imap {folder.name}")
            for folder, reader in zip(folders, self._readers, strict=True)
        ]

    @property
    def problems(self) -> list[str]:
        """One sentence for every folder that cannot be read at the moment."""
        return [reader.state.problem for reader in self._readers if reader.state.problem]

    async def __aenter__(self) -> None:
        """Start reading."""
        for thread in self._threads:
            thread.start()

    async def __aexit__(self, *_exception: object) -> None:
        """Stop after the mail in hand; a server that keeps silent is waited for until its time is out."""
        self._stop.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _reader(self, config: ImapConfig, store: Store) -> ImapReader:
        door = f"imap:{config.user}"

        def take(raw: bytes) -> None:
            mail = new_id()
            self._spool.put(mail, raw)
            self._journal.append_blocking(encode(Returned(self._clock.now(), mail, door, "", "")))

        return ImapReader(config, Place(store, config), take)
