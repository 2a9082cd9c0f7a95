"""Web sessions: who is signed in, and how sessions and users end on the server."""

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.services.accounts.users import forget_sign_in_links
from postlude.store import Store, User


def session_user(store: Store, user_id: int, session: str, began: int) -> User | None:
    """The user of a session that began at `began`; None when it was ended, or its user disabled. NotFoundError."""
    user = store.accounts.user(user_id)
    over = user.sessions_from is not None and began < user.sessions_from
    if over or user.disabled_at is not None or store.accounts.session_ended(session):
        return None
    return user


def end_session(store: Store, clock: Clock, session: str, longest_seconds: int) -> None:
    """End one session for good; sessions live for `longest_seconds` at most."""
    now = clock.now()
    store.accounts.end_session(session, now, now - longest_seconds * MICROS_PER_SECOND)


def end_sessions(store: Store, clock: Clock, user: User) -> None:
    """Sign a user out everywhere; links that sign in and were not used yet no longer do."""
    store.accounts.end_sessions(user.id, clock.now())
    forget_sign_in_links(store, user)


def disable_user(store: Store, clock: Clock, user: User) -> None:
    """Nothing of this user signs in, sends or logs in any more; what they sent and wrote stays."""
    store.accounts.set_disabled(user.id, clock.now())
    end_sessions(store, clock, user)


def enable_user(store: Store, user: User) -> None:
    """Undo `disable_user`; sessions from before are over."""
    store.accounts.set_disabled(user.id, None)
