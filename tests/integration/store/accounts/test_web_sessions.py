"""The list of sessions in the state."""

from postlude.store import Store
from postlude.store.accounts.rows import WebSession


def _seen(store: Store, user: int, session: str, at: int, since: int = 0) -> None:
    store.accounts.see_session(WebSession(session, user, 1, at, f"192.0.2.{at % 200}"), since)


def test_a_session_is_noted_once_in_a_while(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    _seen(store, user, "a", 10)
    _seen(store, user, "a", 20, since=5)
    assert [one.seen for one in store.accounts.list_sessions(user, 0)] == [10]
    _seen(store, user, "a", 30, since=15)
    [one] = store.accounts.list_sessions(user, 0)
    assert one.seen == 30
    assert one.address == "192.0.2.30"


def test_an_ended_session_is_not_listed_again(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    _seen(store, user, "a", 10)
    store.accounts.end_session("a", 20, 0)
    _seen(store, user, "a", 30)
    assert store.accounts.list_sessions(user, 0) == []
    assert store.accounts.session_ended("a")


def test_all_of_a_user_end_and_no_others(store: Store) -> None:
    alice, bob = (store.accounts.create_user(f"{name}@example.org").id for name in ("alice", "bob"))
    _seen(store, alice, "a", 10)
    _seen(store, bob, "b", 10)
    store.accounts.end_sessions(alice, 20)
    assert store.accounts.list_sessions(alice, 0) == []
    assert [one.session for one in store.accounts.list_sessions(bob, 0)] == ["b"]


def test_those_not_seen_for_long_are_forgotten(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    for session, at in (("old", 10), ("new", 50), ("ends", 60)):
        _seen(store, user, session, at)
    store.accounts.end_session("ends", 70, 40)
    assert [one.session for one in store.accounts.list_sessions(user, 0)] == ["new"]
    assert store.accounts.list_sessions(user, 55) == []
