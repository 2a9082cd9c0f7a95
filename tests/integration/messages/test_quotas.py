"""What a login may send counts whichever way it hands mail in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.errors import InputError
from postlude.model.words import Via
from postlude.services.accounts.quotas import check_quota
from postlude.store import Batch, Copy, Message, Store, Submission, User, open_store
from support.state_template import sqlite_state

CLOCK = SystemClock()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = open_store(sqlite_state(tmp_path))
    yield store
    store.close()


@pytest.fixture
def bert(opened: Store) -> User:
    return opened.accounts.create_user("bert@b.example")


def _sent(store: Store, user: User, via: Via, recipients: int) -> None:
    row = Message(
        id=1000 * list(Via).index(via) + 1000, user=user.id, message_id="", subject="", sender=user.address,
        mail_from=user.address, via=via, created_at=CLOCK.now(),
    )  # fmt: skip
    copies = tuple(Copy(row.id + number + 1, row.id, f"r{number}@c.example") for number in range(recipients))
    store.digest.apply(Batch(submissions=[Submission(row, (), copies)]))


@pytest.mark.parametrize("via", [Via.RELAY, Via.WEB])
def test_what_was_sent_by_either_way_counts(opened: Store, bert: User, via: Via) -> None:
    _sent(opened, bert, via, 3)
    with pytest.raises(InputError, match="has sent 3"):
        check_quota(opened, CLOCK, {"recipients_per_hour": 3}, bert.id, 1)


def test_a_campaign_is_not_counted(opened: Store, bert: User) -> None:
    _sent(opened, bert, Via.CAMPAIGN, 3)
    check_quota(opened, CLOCK, {"recipients_per_hour": 3}, bert.id, 3)


def test_a_users_own_limit_stands_before_the_settings(opened: Store, bert: User) -> None:
    opened.accounts.set_limits(bert.id, {"messages_per_day": 1})
    _sent(opened, bert, Via.WEB, 1)
    with pytest.raises(InputError, match="postlude user limits"):
        check_quota(opened, CLOCK, {"messages_per_day": 100}, bert.id, 1)


def test_without_limits_nothing_is_refused(opened: Store, bert: User) -> None:
    check_quota(opened, CLOCK, {"messages_per_day": 0}, bert.id, 10_000)
