"""Which records wait for a large message, and which do not."""

from threading import Event

import pytest

from postlude.journal import JournalRecord
from postlude.mail.limits import LARGE
from postlude.model.errors import StorageError
from postlude.model.observation import Submitted, encode_observation
from postlude.model.words import Via
from postlude.services.digest.item import Item
from postlude.services.digest.large_mail import LargeMail

WAIT_S = 20.0


def submitted(message: int) -> Submitted:
    return Submitted(5, message, 7, Via.RELAY, "a@example.org", ("b@example.com",))


def item(writer: int, message: int) -> Item:
    seen = submitted(message)
    return Item(JournalRecord(writer, 1, message, encode_observation(seen)), seen)


class Slow:
    """Reads when it is let."""

    def __init__(self) -> None:
        self.let, self.done = Event(), Event()
        self.error: Exception | None = None

    def __call__(self, seen: Submitted) -> str:
        assert self.let.wait(WAIT_S)
        self.done.set()
        if self.error is not None:
            raise self.error
        return f"read {seen.message}"


def sized(message: int) -> int:
    return LARGE + 1 if message >= 100 else 10


def until_read(large: LargeMail[str]) -> None:
    while large.held():
        Event().wait(0.001)


def test_only_what_is_behind_it_in_the_same_journal_waits() -> None:
    slow = Slow()
    large = LargeMail(slow, sized)
    items = [item(1, 1), item(2, 100), item(1, 2), item(2, 3), item(3, 4)]
    kept = large.without_unread(items)
    assert [(each.record.writer, each.record.offset) for each in kept] == [(1, 1), (1, 2), (3, 4)]
    assert large.held() == {2}
    assert large.pending
    slow.let.set()
    until_read(large)
    assert large.without_unread([item(2, 100), item(2, 3)]) == [item(2, 100), item(2, 3)]
    assert large.pending
    assert large.take(submitted(100)) == "read 100"
    assert not large.pending


def test_a_small_one_is_read_when_it_is_taken() -> None:
    slow = Slow()
    slow.let.set()
    large = LargeMail(slow, sized)
    assert large.without_unread([item(1, 1)]) == [item(1, 1)]
    assert not large.pending
    assert large.take(submitted(1)) == "read 1"


def test_what_keeps_it_from_being_read_is_raised_where_it_is_taken_and_it_is_read_again() -> None:
    slow = Slow()
    slow.error = StorageError("the disk")
    slow.let.set()
    large = LargeMail(slow, sized)
    large.without_unread([item(1, 100)])
    until_read(large)
    with pytest.raises(StorageError):
        large.take(submitted(100))
    slow.error = None
    assert large.without_unread([item(1, 100)]) in ([], [item(1, 100)])
    until_read(large)
    assert large.take(submitted(100)) == "read 100"
