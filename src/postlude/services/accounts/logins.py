"""What the relay asks of the state, and of the copy in the data folder while the state does not answer.

Imports the database only when it is asked.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

from postlude.kit.clock import Clock
from postlude.model.errors import InUseError, StorageError
from postlude.model.login import Login

if TYPE_CHECKING:
    from postlude.services.accounts.login_copy import KnownUser, LoginCopy
    from postlude.store import Store, User

_PATIENCE_S: Final = 5.0  # a mail client waits for longer than this and the copy's answer

_READERS: Final = 2
"""Threads that ask the state: a question is one row by its key."""

_T = TypeVar("_T")
_Found_co = TypeVar("_Found_co", covariant=True)
_log: Final = logging.getLogger("postlude.relay")


class OpenState(Protocol):
    """Opens the state."""

    def __call__(self) -> "Store":
        """StorageError or InUseError while it cannot be opened."""
        ...


class UserDirectory(Protocol[_Found_co]):
    """Knows the users: the state, or its copy."""

    def user_by_address(self, address: str, /) -> _Found_co | None:
        """The user with this login address."""
        ...

    def first_user(self) -> _Found_co | None:
        """The oldest."""
        ...


def owner_of(users: UserDirectory[_Found_co], sender: str, gateway_user: str) -> _Found_co | None:
    """Whose a trusted server's message is: the sender's, else the configured user's, else the first one's."""
    return users.user_by_address(sender) or users.user_by_address(gateway_user) or users.first_user()


class Logins:
    """What the relay asks of the state, which is opened at the first question: 20 MB that an idle relay saves.

    While the database is away or silent, logins that are in the copy go on; others may be right or
    wrong, so StorageError, which the client hears as "later".
    """

    def __init__(
        self, open_state: OpenState, copy: Path, gateway_user: str, clock: Clock, *, patience_s: float = _PATIENCE_S
    ) -> None:
        """`copy` is the file of the copy, `gateway_user` the address of who owns what trusted servers hand in."""
        self._open_state: Final = open_state
        self._copy_file: Final = copy
        self._gateway_user: Final = gateway_user
        self._clock: Final = clock
        self._patience_s: Final = patience_s
        self._lock: Final = threading.Lock()
        self._opened: Store | None = None
        # Threads of their own: those of the loop also write mail to the disk, and a login would wait for that.
        self._readers: Final = ThreadPoolExecutor(_READERS, "logins")
        self._writer: Final = ThreadPoolExecutor(1, "login uses")
        self._noting: Final[set[bytes]] = set()
        self._hanging: set[asyncio.Future[Any]] = set()
        self._away = False

    def __enter__(self) -> Self:
        """Does not open the state yet."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the state if it was opened."""
        self._readers.shutdown(wait=not self._hanging, cancel_futures=True)
        self._writer.shutdown(wait=False, cancel_futures=True)  # what it waits for may take seconds
        if self._opened is not None:
            self._opened.close()

    async def check(self, login: str, password: str) -> Login | None:
        """The user, None when the password is wrong; StorageError when that cannot be known now."""
        try:
            found = await self._ask(lambda: self._check(login, password))
        except (StorageError, InUseError) as error:
            known = (await self._copy(error)).checked(login, password)
            if known is None:
                raise StorageError(f"a login that is not in the copy cannot be checked: {error}") from error
            return _login(known.user, known.purpose)
        if found is not None:
            self._note_use(password)
        return found

    def _check(self, login: str, password: str) -> Login | None:
        from postlude.services.accounts.users import check_app_password  # noqa: PLC0415 - brings the database along

        found = check_app_password(self._store(), login, password)
        return None if found is None else _login(found.user, found.purpose)

    def _note_use(self, password: str) -> None:
        """Have it noted later: to write, the state may have to wait for seconds, and a login waits for none of it."""
        from postlude.services.accounts.users import note_app_password_use, password_hash  # noqa: PLC0415 - as above

        hashed = password_hash(password)
        if hashed in self._noting:
            return

        def note() -> None:
            try:
                note_app_password_use(self._store(), self._clock, hashed)
            except (StorageError, InUseError) as error:
                _log.warning("the use of an app password cannot be noted: %s", error)
            finally:
                self._noting.discard(hashed)

        self._noting.add(hashed)
        self._writer.submit(note)

    async def owner_of(self, sender: str) -> int:
        """The user a trusted server's message belongs to."""
        try:
            return await self._ask(lambda: self._owner_of(sender))
        except (StorageError, InUseError) as error:
            found = owner_of(await self._copy(error), sender, self._gateway_user)
            if found is None:
                raise
            return found.id

    def _owner_of(self, sender: str) -> int:
        user = owner_of(self._store().accounts, sender, self._gateway_user)
        if user is None:
            raise StorageError("there is no user yet who could own the message: start `postlude up` once")
        return user.id

    async def _ask(self, call: Callable[[], _T]) -> _T:
        """What the state answers; StorageError when it is silent for too long.

        While one question hangs no other is asked: each would hold a thread for as long as the database hangs.
        """
        if self._hanging:
            raise StorageError("the database does not answer")
        asked = asyncio.get_running_loop().run_in_executor(self._readers, call)
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
        return await asyncio.to_thread(read_login_copy, self._copy_file, self._clock.now())

    def _store(self) -> "Store":
        with self._lock:
            if self._opened is None:
                self._opened = self._open_state()
            return self._opened


def _login(user: "User | KnownUser", purpose: str) -> Login:
    return Login(user.id, (user.address, *user.senders), user.limits, purpose)
