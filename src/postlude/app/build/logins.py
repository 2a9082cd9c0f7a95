"""The relay's access to users in the state."""

import asyncio
import threading
from typing import TYPE_CHECKING, Final, Self

from postlude.app.build.common import Parts
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.errors import StorageError
from postlude.relay import Login

if TYPE_CHECKING:
    from postlude.store import Store

_DAY_US: Final = 24 * 3600 * MICROS_PER_SECOND


class Logins:
    """The relay's access to users. The state is opened at the first query, which saves an idle relay 20 MB."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._opened: Store | None = None

    def __enter__(self) -> Self:
        """Does not open the state yet."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the state if it was opened."""
        if self._opened is not None:
            self._opened.close()

    async def check(self, login: str, password: str) -> Login | None:
        """The user, None when the password is wrong."""
        return await asyncio.to_thread(self._check, login, password)

    def _check(self, login: str, password: str) -> Login | None:
        from postlude.services.accounts.users import check_app_password  # noqa: PLC0415 - brings the database along

        found = check_app_password(self._store(), login, password, self._parts.clock)
        if found is None:
            return None
        user = found.user
        return Login(user.id, (user.address, *user.senders), user.limits, found.purpose)

    async def used(self, user: int) -> list[tuple[int, int]]:
        """(time, recipients) of what the user submitted within the last 24 hours."""
        now = self._parts.clock.now()
        return await asyncio.to_thread(lambda: self._store().accounts.submitted_between(user, now - _DAY_US, now))

    async def owner_of(self, sender: str) -> int:
        """The user a trusted server's message belongs to."""
        return await asyncio.to_thread(self._owner_of, sender)

    def _owner_of(self, sender: str) -> int:
        store, settings = self._store(), self._parts.settings
        user = (
            store.accounts.user_by_address(sender)
            or store.accounts.user_by_address(settings.gateway_user)
            or store.accounts.first_user()
        )
        if user is None:
            raise StorageError("there is no user yet who could own the message: start `postlude up` once")
        return user.id

    def _store(self) -> "Store":
        from postlude.store import open_store  # noqa: PLC0415 - as above

        with self._lock:
            if self._opened is None:
                self._opened = open_store(self._parts.settings.database, self._parts.folder.forgotten_key)
            return self._opened
