"""Keeps the copy that the relay checks logins with while the database is away."""

import asyncio
from pathlib import Path
from typing import Final

from postlude.kit.loop import STANDS_STILL_S, TaskLoop
from postlude.model.errors import InUseError, StorageError
from postlude.services.accounts.login_copy import keep_login_copy
from postlude.store import Store

_EVERY_S: Final = 10.0


def login_copies(store: Store, path: Path) -> TaskLoop:
    """A loop; as an async context it runs. A revoked password is out of the copy within ten seconds."""

    async def keep() -> float:
        await asyncio.to_thread(keep_login_copy, store, path)
        return _EVERY_S

    return TaskLoop(
        "copies of logins",
        keep,
        expected=(StorageError, InUseError),
        problem="the relay's copy of logins is not renewed",
        patience_s=STANDS_STILL_S,
    )
