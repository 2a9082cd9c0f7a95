"""What is due goes out once, whatever fails at that moment."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from postlude.app.background.report_mails import ReportMails
from postlude.kit.ids import id_text
from postlude.model.errors import StorageError
from postlude.services.campaigns.report_plans import Occasion, add_plan, plans_of, remove_plan
from postlude.services.messages.accept import NewMessage
from postlude.store import Store
from support.past_campaigns import HOUR_US, past_campaign


class Clock:
    """A clock that stands."""

    at = 2000 * HOUR_US

    def now(self) -> int:
        return self.at


class Settings:
    public_web = "https://mail.example.org"


class Parts:
    settings = Settings()
    clock = Clock()


@pytest.fixture
def sent() -> list[NewMessage]:
    return []


def _mails(store: Store, sent: list[NewMessage], refuses: list[StorageError]) -> ReportMails:
    async def submit(new: NewMessage) -> int:
        if refuses:
            raise refuses.pop()
        sent.append(new)
        return 1

    return ReportMails(Parts(), store, submit)  # type: ignore[arg-type]  # the parts it asks for


@pytest.fixture
def planned(store: Store) -> Store:
    """Two members get a report, and a campaign is a day old now."""
    owner = store.accounts.create_user("owner@example.org", created_at=1)
    store.accounts.create_user("bob@example.org", created_at=2)
    clock = Clock()
    clock.at -= 30 * HOUR_US
    add_plan(store, clock, owner, Occasion.AGE, ["owner@example.org", "bob@example.org"], hours=24)
    past_campaign(store, owner.id, "News", 2000 * HOUR_US - 25 * HOUR_US, 5, {"opened": 2})
    return store


async def test_it_goes_to_each_member_once(planned: Store, sent: list[NewMessage]) -> None:
    mails = _mails(planned, sent, [])
    for _ in range(3):
        await mails._round()
    assert [one.recipients for one in sent] == [["owner@example.org"], ["bob@example.org"]]
    assert plans_of(planned)[0].told_to == 2000 * HOUR_US - HOUR_US


async def test_what_the_disk_refused_goes_later_and_nothing_twice(planned: Store, sent: list[NewMessage]) -> None:
    refuses: list[StorageError] = []
    mails = _mails(planned, sent, refuses)
    await asyncio.to_thread(refuses.append, StorageError("the disk is full"))
    with pytest.raises(StorageError):
        await mails._round()
    await mails._round()
    assert [one.recipients for one in sent] == [["owner@example.org"], ["bob@example.org"]]


async def test_a_plan_that_is_removed_while_its_report_goes_out_does_not_come_back(planned: Store) -> None:
    [plan] = plans_of(planned)

    async def submit(_new: NewMessage) -> int:
        await asyncio.to_thread(remove_plan, planned, None, id_text(plan.id))
        return 1

    mails = ReportMails(Parts(), planned, _once(submit))  # type: ignore[arg-type]  # the parts it asks for
    await mails._round()
    assert plans_of(planned) == []


def _once(submit: Callable[[NewMessage], Awaitable[int]]) -> Callable[[NewMessage], Awaitable[int]]:
    """Only the first mail asks; a plan is removed once."""
    asked: list[NewMessage] = []

    async def first(new: NewMessage) -> int:
        asked.append(new)
        return await submit(new) if len(asked) == 1 else 1

    return first
