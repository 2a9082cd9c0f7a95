"""Users, app passwords and sign-in links."""

import secrets
from base64 import b32encode
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from postlude.kit.clock import MICROS_PER_SECOND, Clock, SystemClock
from postlude.mail.purpose import read_purpose
from postlude.model.domain_name import address_key
from postlude.model.errors import InputError, NotFoundError
from postlude.model.role import Role
from postlude.services.accounts.one_time_links import LinkPurpose, make_link, use_link
from postlude.services.accounts.sender_rights import sender_pattern
from postlude.store import Store, User

SIGN_IN_SECONDS: Final = 3600
_PASSWORD_BYTES: Final = 16
_TOUCH_SECONDS: Final = 3600  # precision of "last used"


def create_first_user(store: Store, clock: Clock, address: str, name: str = "") -> User:
    """The user created first, made now when there is none: safe to call at every start."""
    found = store.accounts.first_user()
    if found is not None:
        return found
    if "@" not in address:
        raise InputError(f"{address!r} is not an email address; give one like you@example.org")
    user = store.accounts.create_user(address, name, (), clock.now(), Role.OWNER)
    store.accounts.set_senders(user.id, ("*",))  # the operator may send with any From address
    return store.accounts.user(user.id)


def add_user(  # noqa: PLR0917 - plain data
    store: Store, clock: Clock, address: str, name: str = "", senders: Iterable[str] = (), role: Role = Role.MEMBER
) -> User:
    """Add a login; InputError for an address that is not one, or that has a login already."""
    check_senders((address,))
    return store.accounts.create_user(address, name, check_senders(senders), clock.now(), role)


def user_called(store: Store, address: str) -> User:
    """The user with this address; NotFoundError when there is none."""
    user = store.accounts.user_by_address(address)
    if user is None:
        raise NotFoundError(f"no user {address}: `postlude user list` shows them")
    return user


def set_senders(store: Store, user: User, senders: Iterable[str]) -> None:
    """Set the further From addresses and patterns a login may write as."""
    store.accounts.set_senders(user.id, check_senders(senders))


def set_limits(store: Store, user: User, changes: Mapping[str, int], *, reset: bool = False) -> dict[str, int]:
    """Set the limits of a login, or remove them (`reset`); returns the limits in force."""
    own = {} if reset else {**(user.limits or {}), **changes}
    store.accounts.set_limits(user.id, own)
    return own


def revoke_app_passwords(store: Store, user: User, wanted: Iterable[int | None]) -> int:
    """Make app passwords of `user` useless at once; how many. NotFoundError when none of `wanted` is theirs."""
    mine = {one.id for one in store.accounts.list_app_passwords(user.id)}
    ends = mine.intersection(one for one in wanted if one is not None)
    if not ends:
        raise NotFoundError(f"{user.address} has no such password: `postlude user list` shows them")
    for one in ends:
        store.accounts.delete_app_password(one)
    return len(ends)


def check_senders(senders: Iterable[str]) -> tuple[str, ...]:
    """Addresses and patterns a login may write as; InputError for what is neither."""
    for sender in senders:
        local, _, domain = sender.rpartition("@")
        bare = domain.removeprefix("*.")
        # A star that could stand for any domain would make the login an open relay.
        wide = "*" in bare or ("." not in bare and bare != domain)
        if not local or not bare or wide or any(c in sender for c in " <>,\r\n"):
            raise InputError(f"{sender!r} is neither an address nor a pattern like *@example.org or *@*.example.org")
    return tuple(map(sender_pattern, senders))


def new_app_password(store: Store, user: User, label: str, clock: Clock | None = None, purpose: str = "") -> str:
    """A new password for one program, shown once: 26 letters and digits (128 random bits), in groups.

    Only its hash is stored; a fast hash is enough, because 2^128 passwords cannot be tried. `purpose` is the default
    purpose of messages sent with it; empty: detected. InputError if `purpose` is not one of the three.
    """
    text = b32encode(secrets.token_bytes(_PASSWORD_BYTES)).rstrip(b"=").decode().lower()
    known = read_purpose(purpose).value if purpose else ""
    store.accounts.add_app_password(user.id, label, _hash(text), (clock or SystemClock()).now(), known)
    return "-".join(text[i : i + 5] for i in range(0, len(text), 5))


class LoggedIn(NamedTuple):
    """Whose app password it was, and what is sent with it."""

    user: User
    purpose: str
    """Of messages that name none; empty: as they look."""


def check_app_password(store: Store, login: str, password: str) -> LoggedIn | None:
    """The user, when the password is one of theirs; groups, blanks and case of letters do not matter. Only reads."""
    found = store.accounts.app_password_user(password_hash(password))
    if found is None:
        return None
    user, purpose = found
    if not user.may_send or user.address != address_key(login):
        return None
    return LoggedIn(user, purpose)


def note_app_password_use(store: Store, clock: Clock, hashed: bytes) -> None:
    """Note when the password with this hash was last used, once an hour."""
    now = clock.now()
    store.accounts.touch_app_password(hashed, now, now - _TOUCH_SECONDS * MICROS_PER_SECOND)


def password_hash(password: str) -> bytes:
    """What is stored of an app password as a person typed it: groups, blanks and case of letters do not matter."""
    return _hash("".join(password.split()).replace("-", "").lower())


def sign_in_link(store: Store, clock: Clock, user: User, seconds: int = SIGN_IN_SECONDS) -> str:
    """A token for a sign-in link that works once and for `seconds`; stored as its hash."""
    return make_link(store, clock, LinkPurpose.SIGN_IN, user, seconds)


def use_sign_in(store: Store, token: str, clock: Clock) -> User | None:
    """The user a sign-in link was made for; None when it was used, is too old or was never made."""
    return use_link(store, clock, LinkPurpose.SIGN_IN, token)


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=32, person=b"app-password").digest()
