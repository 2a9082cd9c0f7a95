"""What was kept long enough goes, and nothing that is still needed."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from postlude.history import History, open_history
from postlude.journal import PARTS, Spool
from postlude.kit.ids import id_text
from postlude.model.event import Event
from postlude.model.words import CopyStatus, EventKind, Via
from postlude.services.privacy.retention import Keep, MailFolders, Retention
from postlude.store import Batch, Copy, Message, Store, Submission, Unmatched

DAY = 86_400_000_000
NOW = 1_000 * DAY
RAW_MAIL: dict[str, Any] = {"user": 1, "message_id": "m", "sender": "a@x.org", "mail_from": "a@x.org", "via": Via.RELAY}


class Fixed:
    def now(self) -> int:
        return NOW


class Kept:
    """Mail, events and questions of two ages."""

    def __init__(self, folder: Path, store: Store, history: History) -> None:
        self.store, self.history = store, history
        self.spool, self.views = Spool(folder / "out"), folder / "views"
        self.views.mkdir()

    def mail(self, number: int, days: int, status: CopyStatus = CopyStatus.SENT) -> None:
        message = Message(id=number, subject="Offer", created_at=NOW - days * DAY, **RAW_MAIL)
        copy = Copy(number * 10, number, "bob@x.org", status=status)
        self.store.digest.apply(Batch(submissions=[Submission(message, (), (copy,))]))
        self.spool.put(number, b"contents")
        (self.views / f"{id_text(number)}.html").write_bytes(b"page")
        at = (NOW - days * DAY) / 1_000_000
        os.utime(self.spool.path(number), (at, at))

    def event(self, number: int, days: int, kind: EventKind, **facts: Any) -> None:
        self.history.append([Event(number, kind, NOW - days * DAY, 1, 10, facts=facts)], {})

    def retention(self, **days: int) -> Retention:
        return Retention(self.store, self.history, MailFolders(self.spool, self.views), Fixed(), Keep(**days))

    def clean(self, **days: int) -> None:
        retention = self.retention(**days)
        for _ in range(PARTS):
            retention()

    def contents(self, *numbers: int) -> list[int]:
        return [number for number in numbers if self.spool.path(number).exists()]


@pytest.fixture
def kept(tmp_path: Path, store: Store) -> Iterator[Kept]:
    with closing(open_history(tmp_path / "history.duckdb")) as history:
        yield Kept(tmp_path, store, history)


def test_contents_of_old_mail_go_with_their_page(kept: Kept) -> None:
    kept.mail(1, days=31)
    kept.mail(2, days=29)
    kept.clean(mail=30)
    assert kept.contents(1, 2) == [2]
    assert [path.name for path in kept.views.iterdir()] == [f"{id_text(2)}.html"]


def test_few_contents_go_at_once(kept: Kept) -> None:
    numbers = range(1, 40)
    for number in numbers:
        kept.mail(number, days=31)
    kept.retention(mail=30)()
    assert kept.contents(*numbers) == []


def test_old_mail_goes_where_a_backup_was_put_back_today(kept: Kept) -> None:
    for number, days in ((1, 31), (2, 29)):
        kept.mail(number, days=days)
        os.utime(kept.spool.path(number), (NOW / 1e6, NOW / 1e6))
    kept.clean(mail=30)
    assert kept.contents(1, 2) == [2]


def test_young_mail_stays_where_its_file_says_that_it_is_old(kept: Kept) -> None:
    kept.mail(1, days=29)
    os.utime(kept.spool.path(1), (1, 1))
    kept.clean(mail=30)
    assert kept.contents(1) == [1]


def test_mail_that_the_state_does_not_know_goes_by_its_file(kept: Kept) -> None:
    for number, days in ((1, 31), (2, 29)):
        kept.spool.put(number, b"contents")
        os.utime(kept.spool.path(number), (NOW / 1e6 - days * 86_400,) * 2)
    kept.clean(mail=30)
    assert kept.contents(1, 2) == [2]


@pytest.mark.parametrize("status", [CopyStatus.QUEUED, CopyStatus.DEFERRED, CopyStatus.SENDING])
def test_contents_that_a_copy_still_needs_stay(kept: Kept, status: CopyStatus) -> None:
    kept.mail(1, days=31, status=status)
    kept.clean(mail=30)
    assert kept.contents(1) == [1]


def test_old_events_go_and_counts_stay(kept: Kept) -> None:
    kept.event(1, 101, EventKind.OPENED)
    kept.event(2, 99, EventKind.OPENED)
    kept.clean(events=100)
    assert [event.id for event in kept.history.timeline(1)] == [2]


@pytest.mark.parametrize("kind", [EventKind.REPLIED, EventKind.AUTORESPONDED, EventKind.UNMATCHED])
def test_the_words_of_old_replies_go_and_that_they_came_stays(kept: Kept, kind: EventKind) -> None:
    kept.event(1, 101, kind, text="my leg is broken")
    kept.event(2, 99, kind, text="thank you")
    kept.clean(replies=100)
    assert [event.facts for event in kept.history.timeline(1)] == [{}, {"text": "thank you"}]


def test_what_bounces_said_stays_with_them(kept: Kept) -> None:
    kept.event(1, 101, EventKind.BOUNCED, reason="unknown_user")
    kept.clean(replies=100)
    assert [event.facts for event in kept.history.timeline(1)] == [{"reason": "unknown_user"}]


def test_old_questions_go(kept: Kept) -> None:
    rows = [Unmatched(number, NOW - days * DAY, 0, "ambiguous") for number, days in ((1, 101), (2, 99))]
    kept.store.digest.apply(Batch(unmatched=rows))
    kept.clean(replies=100)
    assert [one.id for one in kept.store.feedback.list_unmatched()] == [2]


def test_nothing_goes_where_everything_is_kept_for_good(kept: Kept) -> None:
    kept.mail(1, days=900)
    kept.event(1, 900, EventKind.REPLIED, text="hello")
    kept.clean()
    assert kept.contents(1) == [1]
    assert [event.facts for event in kept.history.timeline(1)] == [{"text": "hello"}]
