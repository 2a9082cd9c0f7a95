import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.answer import Answer
from postlude.model.errors import StorageError
from postlude.model.words import SendOutcome
from postlude.services.messages.attempt_log import AttemptLog, JournaledStart
from postlude.services.messages.one_attempt import one_attempt
from postlude.services.ports import AttemptStart, Outgoing, Throttled

COPY = Outgoing("a@example.org", "b@example.org", b"", "", "a@example.org")


class Transport:
    """Raises or answers what it is given, before or after the first byte may leave."""

    def __init__(self, ends: Exception | Answer, *, taken: bool = False) -> None:
        self._ends, self._taken = ends, taken

    async def send(self, _copy: Outgoing, start: AttemptStart) -> Answer:
        if self._taken:
            await start.durable()
        if isinstance(self._ends, Exception):
            raise self._ends
        return self._ends


async def attempted(ends: Exception | Answer, *, taken: bool = False) -> Answer | Throttled:
    async def append(_record: bytes) -> None:
        await asyncio.sleep(0)

    claim: Any = SimpleNamespace(copy=1, generation=1)
    transport: Any = Transport(ends, taken=taken)
    return await one_attempt(transport, COPY, JournaledStart(AttemptLog(append, SystemClock()), claim))


async def test_an_answer_is_passed_on() -> None:
    answer = Answer(SendOutcome.ACCEPTED, 250)
    assert await attempted(answer) is answer


async def test_a_journal_that_takes_no_start_is_not_an_outcome() -> None:
    with pytest.raises(StorageError):
        await attempted(StorageError("the disk is full"))


@pytest.mark.parametrize(("taken", "outcome"), [(False, SendOutcome.DEFERRED), (True, SendOutcome.INDETERMINATE)])
async def test_a_fault_is_deferred_unless_a_byte_may_have_left(taken: bool, outcome: SendOutcome) -> None:
    answer = await attempted(FileNotFoundError(2, "No such file or directory", "/ca.pem"), taken=taken)
    assert isinstance(answer, Answer)
    assert answer.outcome is outcome
    assert "ca.pem" in answer.text
