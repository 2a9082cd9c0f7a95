"""Keys of programs for the HTTP API: made, checked, replaced, ended."""

import secrets
from base64 import b32encode
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.ids import id_text, new_id, parse_id
from postlude.model.api_scope import PERMISSION_OF, ApiScope
from postlude.model.errors import InputError, NotFoundError
from postlude.model.role import permitted
from postlude.services.accounts.users import check_senders
from postlude.store import ApiKey, Store, User

OVERLAP_SECONDS: Final = 86_400
"""How long a key that is replaced goes on working."""
_PREFIX: Final = "postlude_"
"""So that whoever finds a key in a log or a repository knows what it opens."""
_SECRET_BYTES: Final = 20
_SHOWN: Final = len(_PREFIX) + 4
_TOUCH_SECONDS: Final = 3600  # precision of "last used"


class NewApiKey(NamedTuple):
    """A key that was just made."""

    key: ApiKey
    secret: str
    """What the program sends; only its hash is stored, so it is shown once."""


class ApiCaller(NamedTuple):
    """Who calls the API, and with which key."""

    user: User
    key: ApiKey

    def may(self, scope: ApiScope) -> bool:
        """Whether the key has the scope and its user the permission for it."""
        return scope in self.key.scopes and permitted(self.user.role, PERMISSION_OF[scope])


def new_api_key(  # noqa: PLR0917 - plain data
    store: Store, clock: Clock, user: User, label: str, scopes: Iterable[ApiScope], senders: Iterable[str] = ()
) -> NewApiKey:
    """Make a key for one program. InputError without a label or scopes, and for senders that are none."""
    wanted = tuple(dict.fromkeys(scopes))
    if not label.strip():
        raise InputError("name the program that the key is for")
    if not wanted:
        raise InputError(f"give the key at least one scope of {', '.join(ApiScope)}")
    key = ApiKey(
        id=new_id(),
        user=user.id,
        label=label.strip(),
        scopes=wanted,
        senders=check_senders(senders),
        created_at=clock.now(),
    )
    return _add(store, key)


def check_api_key(store: Store, clock: Clock, secret: str) -> ApiCaller | None:
    """Whose key it is; None when it is unknown or ended, or its user is disabled."""
    found = store.api_keys.by_hash(_hash(secret)) if secret.startswith(_PREFIX) else None
    if found is None or found.user.disabled_at is not None:
        return None
    now = clock.now()
    if found.key.ends_at is not None and found.key.ends_at <= now:
        return None
    since = now - _TOUCH_SECONDS * MICROS_PER_SECOND
    if (found.key.last_used_at or 0) < since:
        store.api_keys.touch(found.key.id, now, since)
    return ApiCaller(found.user, found.key)


def still_holds(store: Store, clock: Clock, caller: ApiCaller) -> bool:
    """Whether the key and its user are what they were when the call began: a call may wait for a minute."""
    user = store.accounts.user(caller.user.id)
    key = next((key for key in store.api_keys.of_user(user.id) if key.id == caller.key.id), None)
    if key is None or user.disabled_at is not None or user.role != caller.user.role:
        return False
    return key.ends_at is None or key.ends_at > clock.now()


def api_key_called(store: Store, user: User, text: str) -> ApiKey:
    """The key of `user` with this id, or this label; NotFoundError, InputError when a label names several."""
    number, mine = parse_id(text), store.api_keys.of_user(user.id)
    found = [key for key in mine if key.id == number] or [key for key in mine if key.label == text]
    if not found:
        raise NotFoundError(f"{user.address} has no API key {text!r}: `postlude api-key list` shows them")
    if len(found) > 1:
        ids = ", ".join(id_text(key.id) for key in found)
        raise InputError(f"several API keys are called {text!r}: give the id of one ({ids})")
    return found[0]


def replace_api_key(store: Store, clock: Clock, key: ApiKey, overlap_s: int = OVERLAP_SECONDS) -> NewApiKey:
    """Make a key with the same rights; the old one goes on working for `overlap_s` seconds."""
    now = clock.now()
    made = _add(store, msgspec.structs.replace(key, id=new_id(), created_at=now, last_used_at=None, ends_at=None))
    store.api_keys.end(key.id, now + overlap_s * MICROS_PER_SECOND)
    return made


def end_api_key(store: Store, clock: Clock, key: ApiKey) -> None:
    """Refuse the key from now on."""
    store.api_keys.end(key.id, clock.now())


def _add(store: Store, key: ApiKey) -> NewApiKey:
    secret = _PREFIX + b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().lower()
    made = msgspec.structs.replace(key, start=secret[:_SHOWN])
    store.api_keys.add(made, _hash(secret))
    return NewApiKey(made, secret)


def _hash(secret: str) -> bytes:
    # A fast hash is enough: 2^160 secrets cannot be tried.
    return blake2b(secret.encode("utf-8", "replace"), digest_size=32, person=b"api-key").digest()
