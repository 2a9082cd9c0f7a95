"""The journal of a process that takes mail in, opened when the disk lets us."""

import asyncio
from pathlib import Path
from typing import Final, Self

from postlude.app.build.common import Parts
from postlude.journal import STALLED_S, JournalWriter, Position
from postlude.kit.loop import TaskLoop
from postlude.model.errors import StorageError


class MailJournal:
    """An async context. While the journal cannot be opened the server runs all the same, and refuses mail for now.

    Clients and servers keep what is refused with 4xx, and come again. InUseError when another process has the journal.
    """

    def __init__(self, parts: Parts, name: str, spool: Path) -> None:
        """`spool`: where the mail itself is put."""
        self._spool: Final = spool
        self._parts: Final = parts
        self._name: Final = name
        self._writer: JournalWriter | None = None
        self._why = StorageError("the journal is not open yet")
        self._loop: Final = TaskLoop(
            f"opening the journal {name}", self._open, expected=(StorageError,), problem="no mail is taken for now"
        )

    @property
    def problem(self) -> str:
        """Why no mail is taken; empty when it is."""
        if self._writer is None:
            return self._loop.problem
        if self._writer.stalled_s > STALLED_S:
            return self._writer.alarm
        return self._writer.stats.problem

    async def __aenter__(self) -> Self:
        """Open it, or begin to try."""
        try:
            await self._open()
        except StorageError as error:
            self._loop.failed(error)
            self._loop.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Close what is open."""
        await self._loop.stop()
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)

    async def append(self, data: bytes) -> Position:
        """Durable when it returns; StorageError while the disk refuses."""
        if self._writer is None:
            raise StorageError(str(self._why)) from self._why
        return await self._writer.append(data)

    async def _open(self) -> float:
        try:
            self._writer = await asyncio.to_thread(self._opened)
        except StorageError as error:
            self._why = error
            raise
        self._loop.end()
        return 0.0

    def _opened(self) -> JournalWriter:
        self._parts.folder.prepare([self._spool])
        return JournalWriter(self._parts.folder.journal, self._name, max_bytes=self._parts.settings.journal_max_bytes)
