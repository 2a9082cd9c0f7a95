"""What a user prefers is the policy of what they send."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from postlude.services.accounts import policies
from postlude.services.accounts.policies import Policies
from postlude.services.accounts.preferences import UserPreferences, put_preferences
from postlude.store import Store, open_store
from support.state_template import sqlite_state


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(sqlite_state(tmp_path))) as opened:
        yield opened


def _signing() -> tuple[str, ...]:
    return ("example.org",)


def test_preferences_become_the_policy(store: Store) -> None:
    put_preferences(store, 1, UserPreferences(opens=False, exclude=("example.net",)))
    policy = Policies(store, _signing, sandbox=False)(1)
    assert not policy.opens
    assert policy.clicks
    assert policy.exclude == ("example.net",)
    assert policy.signing_domains == ("example.org",)


def test_only_a_sandbox_offers_to_unsubscribe_unasked(store: Store) -> None:
    assert Policies(store, _signing, sandbox=True)(1).unsubscribe
    assert not Policies(store, _signing, sandbox=False)(1).unsubscribe


def test_a_change_is_noticed_once_the_known_policy_is_old(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(policies, "monotonic", lambda: now)
    known = Policies(store, _signing, sandbox=False)
    assert known(1).opens
    put_preferences(store, 1, UserPreferences(opens=False))
    assert known(1).opens
    now += 1.1
    assert not known(1).opens
