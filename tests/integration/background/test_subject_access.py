"""Who asks what is stored gets one answer, whatever the database does meanwhile."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from postlude.app.background import subject_access
from postlude.app.background.subject_access import DataRequests
from postlude.kit import loop
from postlude.model.errors import InUseError
from postlude.services.messages.accept import NewMessage
from postlude.store import OpenRequest


class Locked:
    """A database with two requests that cannot be written for a time."""

    def __init__(self) -> None:
        self.privacy = self
        self.waiting = [OpenRequest("bob@example.org", 10, 5), OpenRequest("carol@example.org", 11, 6)]
        self.refused = 0

    def open_requests(self) -> list[OpenRequest]:
        return list(self.waiting)

    def answered(self, address: str, _at: int) -> None:
        if self.refused < 3:
            self.refused += 1
            raise InUseError("state store: another process has kept it locked for 10 s")
        self.waiting = [one for one in self.waiting if one.address != address]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[[Locked, list[str]], DataRequests]:
    def answer(_store: Any, _history: Any, copy: int, _page: str) -> SimpleNamespace:
        return SimpleNamespace(user=1, mail_from="", recipient=f"to {copy}", raw=b"")

    def make(store: Locked, sent: list[str]) -> DataRequests:
        async def submit(new: NewMessage) -> int:
            await asyncio.sleep(0)
            sent.extend(new.recipients)
            return 1

        parts: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: 9))
        return DataRequests(parts, store, None, submit)  # type: ignore[arg-type]  # what is asked of them is here

    monkeypatch.setattr(subject_access, "answer", answer)
    monkeypatch.setattr(DataRequests, "_page", lambda _self, _copy: "")
    monkeypatch.setattr(loop.Pauses, "next", lambda _self: 0.01)
    return make


async def test_nobody_is_answered_twice_while_the_database_is_locked(
    made: Callable[[Locked, list[str]], DataRequests],
) -> None:
    store, sent = Locked(), list[str]()
    requests = made(store, sent)
    async with requests:
        for _ in range(1000):
            if not store.waiting:
                break
            await asyncio.sleep(0.01)
    assert sent == ["to 10", "to 11"]
    assert requests.problem == ""
