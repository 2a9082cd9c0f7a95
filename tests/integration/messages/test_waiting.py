"""The alarm that mail does not leave."""

import pytest

from postlude.model.words import SendOutcome, Via
from postlude.services.messages.waiting import ALARM_SECONDS, waiting_problem
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission

SECOND = 1_000_000
NOW = 1_800_000_000 * SECOND


class Now:
    def now(self) -> int:
        return NOW


def _hand_in(store: Store, seconds_ago: int) -> None:
    row = Message(
        id=7, user=1, message_id="", subject="", sender="a@b.example", mail_from="a@b.example", via=Via.RELAY,
        created_at=NOW - seconds_ago * SECOND,
    )  # fmt: skip
    store.digest.apply(Batch(submissions=[Submission(row, (), (Copy(70, 7, "c@d.example"),))]))


@pytest.mark.parametrize(("ago", "alarm"), [(ALARM_SECONDS - 1, False), (ALARM_SECONDS + 1, True)])
def test_mail_that_was_never_tried(store: Store, ago: int, alarm: bool) -> None:
    _hand_in(store, ago)
    assert bool(waiting_problem(store, Now())) is alarm


def test_mail_that_is_put_off_is_no_alarm_before_its_time(store: Store) -> None:
    _hand_in(store, 3600)
    later = AttemptResult(70, SendOutcome.DEFERRED, NOW - 1800 * SECOND, 1, retry_at=NOW + 600 * SECOND)
    store.digest.apply(Batch(attempts=[later]))
    assert waiting_problem(store, Now()) == ""


def test_mail_that_should_have_been_tried_again(store: Store) -> None:
    _hand_in(store, 3600)
    later = AttemptResult(70, SendOutcome.DEFERRED, NOW - 1800 * SECOND, 1, retry_at=NOW - 600 * SECOND)
    store.digest.apply(Batch(attempts=[later]))
    assert "waits for 10 min" in waiting_problem(store, Now())


def test_nothing_waits(store: Store) -> None:
    assert waiting_problem(store, Now()) == ""
