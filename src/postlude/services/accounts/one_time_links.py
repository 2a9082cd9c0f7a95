"""Links that work once and for a limited time: to sign in, and to set a password. Only their hash is stored."""

import secrets
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.ids import id_text, parse_id
from postlude.model.errors import NotFoundError
from postlude.store import Store, User


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    SIGN_IN = "sign-in"
    PASSWORD = "password"  # noqa: S105 - what the link is for


def make_link(store: Store, clock: Clock, purpose: LinkPurpose, user: User, seconds: int) -> str:
    """The token of a new link for `user`, valid for `seconds`."""
    now = clock.now()
    _forget_old(store, now)
    token = secrets.token_urlsafe(24)
    until = now + seconds * MICROS_PER_SECOND
    store.settings.put(_key(purpose, token), {"user": id_text(user.id), "until": until})
    return token


def link_user(store: Store, clock: Clock, purpose: LinkPurpose, token: str) -> User | None:
    """The user a link was made for, without using it up; None when it was used, is too old or was never made."""
    return _user(store, clock, store.settings.get(_key(purpose, token)))


def use_link(store: Store, clock: Clock, purpose: LinkPurpose, token: str) -> User | None:
    """As `link_user`; the link no longer works afterwards."""
    key = _key(purpose, token)
    kept = store.settings.get(key)
    # The request that deletes the row wins: of two simultaneous clicks only one succeeds.
    if kept is None or not store.settings.delete(key):
        return None
    return _user(store, clock, kept)


def forget_links(store: Store, user: User, *purposes: LinkPurpose) -> None:
    """Make the links of a user useless that were not used yet; without `purposes` all of them."""
    for purpose in purposes or tuple(LinkPurpose):
        for key in store.settings.keys(f"{purpose}:"):
            kept = store.settings.get(key)
            if kept is not None and parse_id(kept["user"]) == user.id:
                store.settings.delete(key)


def _user(store: Store, clock: Clock, kept: Any) -> User | None:  # noqa: ANN401 - JSON
    user_id = None if kept is None or kept["until"] < clock.now() else parse_id(kept["user"])
    if user_id is None:
        return None
    try:
        user = store.accounts.user(user_id)
    except NotFoundError:
        return None
    return None if user.disabled_at is not None else user


def _forget_old(store: Store, now: int) -> None:
    for purpose in LinkPurpose:
        for key in store.settings.keys(f"{purpose}:"):
            kept = store.settings.get(key)
            if kept is not None and kept["until"] < now:
                store.settings.delete(key)


def _key(purpose: LinkPurpose, token: str) -> str:
    return f"{purpose}:" + blake2b(token.encode("utf-8", "replace"), digest_size=24).hexdigest()
