"""What the relay knows logins by while the database is away: a copy in the data folder, for this account alone.

It holds no password: of each app password, 128 random bits, the hash that the database has as well, which are too many
to try. Who was disabled, and a password that was revoked, is not in the next copy.
"""

import os
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import content_of, replace_durably
from postlude.kit.regular_file import read_file
from postlude.model.domain_name import address_key
from postlude.model.errors import StorageError
from postlude.services.accounts.users import password_hash
from postlude.store import Store

BELIEVED_S: Final = 7 * 86_400
"""So long after it was last compared with the database a copy is believed."""
_MODE: Final = 0o600


class KnownPassword(msgspec.Struct, frozen=True):
    """One app password."""

    hashed: bytes
    purpose: str
    """Of messages sent with it that name none; empty: as they look."""


class KnownUser(msgspec.Struct, frozen=True):
    """One who may send."""

    id: int
    address: str
    senders: tuple[str, ...]
    limits: dict[str, int] | None
    passwords: tuple[KnownPassword, ...]


class KnownLogin(NamedTuple):
    """A login that was checked by the copy."""

    user: KnownUser
    purpose: str
    """Of what is sent with that password."""


class LoginCopy(msgspec.Struct, frozen=True):
    """All who may send, oldest first."""

    users: tuple[KnownUser, ...] = ()

    def checked(self, login: str, password: str) -> KnownLogin | None:
        """Whose app password it is; None when it is not here: the database may know."""
        hashed, user = password_hash(password), self.user_by_address(login)
        known = () if user is None else user.passwords
        return next((KnownLogin(user, one.purpose) for one in known if user is not None and one.hashed == hashed), None)

    def user_by_address(self, address: str) -> KnownUser | None:
        """The user with this login address."""
        key = address_key(address)
        return next((user for user in self.users if user.address == key), None)

    def first_user(self) -> KnownUser | None:
        """The oldest."""
        return next(iter(self.users), None)


def copy_of_logins(store: Store) -> LoginCopy:
    """As the database has them now."""
    passwords: dict[int, list[KnownPassword]] = {}
    for one in store.accounts.password_hashes():
        passwords.setdefault(one.user, []).append(KnownPassword(one.hashed, one.purpose))
    return LoginCopy(
        tuple(
            KnownUser(user.id, user.address, user.senders, user.limits, tuple(passwords.get(user.id, ())))
            for user in store.accounts.list_users()
            if user.may_send
        )
    )


def keep_login_copy(store: Store, path: Path) -> None:
    """Make the file say what the database says now; StorageError when one of the two refuses."""
    content = msgspec.json.encode(copy_of_logins(store))
    try:
        if content_of(path) != content:
            replace_durably(path, content, mode=_MODE)
        else:
            os.utime(path)  # it was compared just now
    except OSError as error:
        raise StorageError(file_trouble(error, path)) from error


def read_login_copy(path: Path, now: int) -> LoginCopy:
    """The copy; StorageError when there is none, or one that is too old or damaged."""
    try:
        age_s = now / MICROS_PER_SECOND - path.stat().st_mtime
        if age_s > BELIEVED_S:
            raise StorageError(f"{path} was last compared with the database {age_s / 86_400:.0f} days ago")
        return msgspec.json.decode(read_file(path), type=LoginCopy)
    except (OSError, ValueError) as error:
        raise StorageError(f"{path}: {error}") from error
