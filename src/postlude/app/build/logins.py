"""What the relay asks of the state, and of the copy in the data folder while the state does not answer."""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from postlude.app.build.common import Parts
from postlude.model.errors import InUseError, StorageError
from postlude.relay import Login

if TYPE_CHECKING:
    from postlude.services.accounts.login_copy import LoginCopy
    from postlude.store import Store

_PATIENCE_S: Final = 5.0  # a mail client waits for longer than this and the copy's answer

_T = TypeVar("_T")
_log: Final = logging.getLogger("postlude.relay")


class Logins:
    """What the relay asks of the state, which is opened at the first question: 20 MB that an idle relay saves.

    While the database is away or silent, logins that are in the copy go on; others may be right or
    wrong, so StorageError, which the client hears as "later".
    """

    def __init__(self, parts: Parts, *, patience_s: float = _PATIENCE_S) -> None:
        self._parts = parts
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._opened: Store | None = None
        self._hanging: set[asyncio.Future[Any]] = set()
        self._away = False

    def __enter__(self) -> Self:
        """Does not open the state yet."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the state if it was opened."""
        if self._opened is not None:
            self._opened.close()

    async def check(self, login: str, password: str) -> Login | None:
        """The user, None when the password is wrong; StorageError when that cannot be known now."""
        try:
            return await self._ask(lambda: self._check(login, password))
        except (StorageError, InUseError) as error:
            found = (await self._copy(error)).checked(login, password)
            if found is None:
                raise StorageError(f"a login that is not in the copy cannot be checked: {error}") from error
            user = found.user
            return Login(user.id, (user.address, *user.senders), user.limits, found.purpose)

    def _check(self, login: str, password: str) -> Login | None:
        from postlude.services.accounts.users import check_app_password  # noqa: PLC0415 - brings the database along

        found = check_app_password(self._store(), login, password, self._parts.clock)
        if found is None:
            return None
        user = found.user
        return Login(user.id, (user.address, *user.senders), user.limits, found.purpose)

    async def owner_of(self, sender: str) -> int:
        """The user a trusted server's message belongs to."""
        try:
            return await self._ask(lambda: self._owner_of(sender))
        except (StorageError, InUseError) as error:
            copy = await self._copy(error)
            found = (
                copy.called(sender) or copy.called(self._parts.settings.gateway_user) or next(iter(copy.users), None)
            )
            if found is None:
                raise
            return found.id

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

    async def _ask(self, call: Callable[[], _T]) -> _T:
        """What the state answers; StorageError when it is silent for too long.

        While one question hangs no other is asked: each would hold a thread for as long as the database hangs.
        """
        if self._hanging:
            raise StorageError("the database does not answer")
        asked = asyncio.ensure_future(asyncio.to_thread(call))
        done, _ = await asyncio.wait({asked}, timeout=self._patience_s)
        if not done:
            self._hanging.add(asked)
            asked.add_done_callback(self._answers_again)
            raise StorageError(f"the database does not answer within {self._patience_s:g} s")
        result = asked.result()
        if self._away:
            self._away = False
            _log.info("the database answers again: logins are checked there")
        return result

    def _answers_again(self, asked: asyncio.Future[Any]) -> None:
        self._hanging.discard(asked)
        if not asked.cancelled():
            asked.exception()  # it was told when it was late

    async def _copy(self, error: Exception) -> "LoginCopy":
        from postlude.services.accounts.login_copy import read_login_copy  # noqa: PLC0415 - as above

        if not self._away:
            self._away = True
            _log.error("logins are checked by the copy in the data folder: %s", error)
        return await asyncio.to_thread(read_login_copy, self._parts.folder.logins, self._parts.clock.now())

    def _store(self) -> "Store":
        from postlude.store import open_store  # noqa: PLC0415 - as above

        with self._lock:
            if self._opened is None:
                self._opened = open_store(self._parts.settings.database, self._parts.folder.forgotten_key)
            return self._opened
