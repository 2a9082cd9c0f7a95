"""Web sessions: who is signed in, and how sessions and users end on the server."""

from contextlib import suppress
from hashlib import blake2b
from typing import Final, NamedTuple

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import NotFoundError, PostludeError
from postlude.services.accounts.one_time_links import forget_links
from postlude.store import Store, User
from postlude.store.accounts.rows import WebSession

LONGEST_SECONDS: Final = 30 * 24 * 3600
"""How long a session lives at most."""
_SEEN_EVERY_S: Final = 600
_PROGRAM_CHARACTERS: Final = 300


class SessionUse(NamedTuple):
    """From where a session is used."""

    address: str = ""
    program: str = ""
    """User-Agent of the browser."""
    how: str = ""
    """How it signed in; empty when that is not known."""


def session_user(store: Store, user_id: int, session: str, began: int) -> User | None:
    """The user of a session that began at `began`; None when it was ended, or its user disabled. NotFoundError."""
    user = store.accounts.user(user_id)
    over = user.sessions_from is not None and began < user.sessions_from
    if over or user.disabled_at is not None or store.accounts.session_ended(session):
        return None
    return user


def see_session(store: Store, clock: Clock, user: User, session: str, began: int, use: SessionUse) -> None:  # noqa: PLR0917 - plain data
    """Note in the list of sessions that one is used; written every ten minutes at most."""
    now = clock.now()
    seen = WebSession(session, user.id, began, now, use.address, use.program[:_PROGRAM_CHARACTERS], use.how)
    with suppress(PostludeError):  # a page is shown while the state can only be read
        store.accounts.see_session(seen, now - _SEEN_EVERY_S * MICROS_PER_SECOND)


def list_sessions(store: Store, clock: Clock, user: User) -> list[WebSession]:
    """The sessions of a user that have not ended, last used first."""
    return store.accounts.list_sessions(user.id, clock.now() - LONGEST_SECONDS * MICROS_PER_SECOND)


def session_id(session: str) -> str:
    """How a session is named where people see it: its own name is half of what proves a form."""
    return blake2b(session.encode("utf-8", "replace"), digest_size=5).hexdigest()


def end_session(store: Store, clock: Clock, session: str) -> None:
    """End one session for good."""
    now = clock.now()
    store.accounts.end_session(session, now, now - LONGEST_SECONDS * MICROS_PER_SECOND)


def end_session_called(store: Store, clock: Clock, user: User, wanted: str) -> None:
    """End the session of `user` that `session_id` calls so; NotFoundError when there is none."""
    found = [one.session for one in list_sessions(store, clock, user) if session_id(one.session) == wanted]
    if not found:
        raise NotFoundError(f"{user.address} has no session {wanted}: `postlude user sessions` shows them")
    for session in found:
        end_session(store, clock, session)


def end_sessions(store: Store, clock: Clock, user: User) -> None:
    """Sign a user out everywhere; links that sign in and were not used yet no longer do."""
    store.accounts.end_sessions(user.id, clock.now())
    forget_links(store, user)


def disable_user(store: Store, clock: Clock, user: User) -> None:
    """Nothing of this user signs in, sends or logs in any more; what they sent and wrote stays."""
    store.accounts.set_disabled(user.id, clock.now())
    end_sessions(store, clock, user)


def enable_user(store: Store, user: User) -> None:
    """Undo `disable_user`; sessions from before are over."""
    store.accounts.set_disabled(user.id, None)
