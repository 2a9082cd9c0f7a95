"""Passwords of users for the web app: what may be one, and how it is stored (argon2id, RFC 9106)."""

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from postlude.kit.clock import Clock
from postlude.model.errors import InputError
from postlude.services.accounts.one_time_links import LinkPurpose, link_user, use_link
from postlude.services.accounts.sessions import end_sessions
from postlude.store import Store, User

SHORTEST: Final = 12
"""Characters of a password."""
LONGEST: Final = 512
_FEWEST_DIFFERENT: Final = 5
# OWASP's first choice for argon2id: 46 MiB, one pass; 66 ms of one processor here.
_COST: Final[dict[str, Any]] = {"length": 32, "iterations": 1, "lanes": 1, "memory_cost": 47_104}
_PARAMETERS: Final = "$argon2id$v=19$m=47104,t=1,p=1$"
_AT_ONCE: Final = threading.BoundedSemaphore(2)  # 92 MiB at most, however many guess at once
_IN_LINE: Final = threading.BoundedSemaphore(8)  # those beyond are refused at once: the threads serve other pages too
_WAIT_S: Final = 5.0


class PasswordsBusyError(Exception):
    """More passwords are being checked than this machine checks at once. Try again in a moment."""


def hash_password(password: str) -> str:
    """What is stored of a password: salt, parameters and hash in one text (PHC)."""
    with _turn():
        return Argon2id(salt=os.urandom(16), **_COST).derive_phc_encoded(_bytes(password))


def password_matches(password: str, stored: str) -> bool:
    """Whether it is that password. Takes as long without a stored one; PasswordsBusyError."""
    known = stored or _of_no_password()
    with _turn():
        try:
            Argon2id.verify_phc_encoded(_bytes(password[: LONGEST + 1]), known)
        except (InvalidKey, ValueError):
            return False
    return bool(stored) and len(password) <= LONGEST


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return not stored.startswith(_PARAMETERS)


def check_new_password(password: str, user: User) -> None:
    """InputError, with what to do, for a password that is guessed too easily."""
    if len(password) < SHORTEST:
        raise InputError(f"The password needs at least {SHORTEST} characters. A few words in a row are easy to keep.")
    if len(password) > LONGEST:
        raise InputError(f"The password may have at most {LONGEST} characters.")
    if len(set(password)) < _FEWEST_DIFFERENT:
        raise InputError("The password repeats a few characters. Choose another one.")
    plain = password.casefold()
    if plain in {user.address, user.name.casefold()} or plain.strip("0123456789!") == user.address.partition("@")[0]:
        raise InputError("The password is your address or name. Choose another one.")


def set_password(store: Store, clock: Clock, user: User, password: str) -> None:
    """Give a user this password. All their sessions and unused links end. InputError, PasswordsBusyError."""
    check_new_password(password, user)
    _put(store, clock, user, hash_password(password))


def set_password_by_link(store: Store, clock: Clock, token: str, password: str) -> User | None:
    """Use up a link of an invitation or a reset; whose password it set, None when it no longer works.

    InputError and PasswordsBusyError leave it as it is.
    """
    user = link_user(store, clock, LinkPurpose.PASSWORD, token)
    if user is None:
        return None
    check_new_password(password, user)
    hashed = hash_password(password)
    user = use_link(store, clock, LinkPurpose.PASSWORD, token)
    if user is not None:
        _put(store, clock, user, hashed)
    return user


def _put(store: Store, clock: Clock, user: User, hashed: str) -> None:
    store.accounts.put_password(user.id, hashed, clock.now())
    end_sessions(store, clock, user)


@cache
def _of_no_password() -> str:
    return hash_password("of an account that has none")


@contextmanager
def _turn() -> Iterator[None]:
    """Be one of the few that are checked at once."""
    if not _IN_LINE.acquire(blocking=False):
        raise PasswordsBusyError
    try:
        if not _AT_ONCE.acquire(timeout=_WAIT_S):
            raise PasswordsBusyError
        try:
            yield
        finally:
            _AT_ONCE.release()
    finally:
        _IN_LINE.release()


def _bytes(password: str) -> bytes:
    """One spelling for what keyboards and systems spell in several (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
