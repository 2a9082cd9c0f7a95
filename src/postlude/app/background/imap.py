"""Mailboxes read for returned mail: one thread per folder, each with its position in the state."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Final

from postlude.adapters.imap import ImapConfig, ImapReader, ImapToken
from postlude.adapters.oauth import OAuthToken
from postlude.config import ImapAccount, Settings
from postlude.journal import JournalWriter, Spool, checksum
from postlude.kit.clock import Clock
from postlude.kit.ids import new_id
from postlude.model.observation import Returned, encode_observation
from postlude.services.feedback.folder_position import FolderPosition
from postlude.store import Store

STOP_WITHIN_S: Final = 5.0


def imap_folders(settings: Settings) -> list[ImapConfig]:
    """Folders to read, one entry per folder."""
    return [
        ImapConfig(
            host=account.host,
            port=account.port,
            tls=account.tls == "implicit",
            user=account.user,
            password=account.password,
            token=_tokens(account),
            folder=folder,
            max_message_bytes=settings.max_message_bytes,
        )
        for account in settings.mailboxes
        for folder in account.folders
    ]


def _tokens(account: ImapAccount) -> ImapToken | None:
    """Separate tokens for every folder: each is read by its own thread."""
    if not account.oauth:
        return None
    url, client = account.oauth_url, account.oauth_client
    return OAuthToken(url, client, account.oauth_secret, account.oauth_refresh_token).blocking


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
            threading.Thread(target=reader.run, args=(self._stop,), name=f"imap {folder.name}", daemon=True)
            for folder, reader in zip(folders, self._readers, strict=True)
        ]

    @property
    def problems(self) -> list[str]:
        """One sentence for every folder that cannot be read at the moment."""
        return [reader.problem for reader in self._readers if reader.problem]

    async def __aenter__(self) -> None:
        """Start reading."""
        for thread in self._threads:
            thread.start()

    async def __aexit__(self, *_exception: object) -> None:
        """Stop after the current mail. A silent server is not waited for: its mail is read next time."""
        self._stop.set()
        await asyncio.gather(*(asyncio.to_thread(thread.join, STOP_WITHIN_S) for thread in self._threads))

    def _reader(self, config: ImapConfig, store: Store) -> ImapReader:
        channel = f"imap:{config.user}"

        def take(raw: bytes) -> None:
            mail = new_id()
            self._spool.put(mail, raw)
            self._journal.append_blocking(
                encode_observation(Returned(self._clock.now(), mail, channel, "", "", checksum(raw)))
            )

        return ImapReader(config, FolderPosition(store, config.user, config.host, config.folder, self._clock), take)
