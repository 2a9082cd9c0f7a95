"""Calls under one name: accepted once. What the API makes of it is tried in `tests/integration/api`."""

import asyncio

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.errors import InputError
from postlude.services.messages.idempotent import IdempotentCalls, ReusedNameError, UnderWayError
from postlude.store import Store


@pytest.fixture
def calls(store: Store) -> IdempotentCalls:
    return IdempotentCalls(store, SystemClock())


async def _accept(message: int, _at: int) -> dict[str, str]:
    await asyncio.sleep(0)
    return {"message": str(message)}


async def test_a_second_call_is_answered_as_the_first(calls: IdempotentCalls) -> None:
    first = await calls.run(1, "a", b"x", _accept)
    second = await calls.run(1, "a", b"x", _accept)
    assert first.answer == second.answer
    assert first.replayed is False
    assert second.replayed is True


async def test_one_at_a_time(calls: IdempotentCalls) -> None:
    async def again(message: int, at: int) -> dict[str, str]:
        with pytest.raises(UnderWayError):
            await calls.run(1, "a", b"x", _accept)
        return await _accept(message, at)

    assert (await calls.run(1, "a", b"x", again)).replayed is False


async def test_another_body_is_refused(calls: IdempotentCalls) -> None:
    await calls.run(1, "a", b"x", _accept)
    with pytest.raises(ReusedNameError):
        await calls.run(1, "a", b"y", _accept)


async def test_an_interrupted_call_has_the_same_id_and_time(calls: IdempotentCalls, store: Store) -> None:
    seen: list[tuple[int, int]] = []

    async def interrupted(message: int, at: int) -> dict[str, str]:
        await asyncio.sleep(0)
        seen.append((message, at))
        if len(seen) == 1:
            raise asyncio.CancelledError
        return {}

    with pytest.raises(asyncio.CancelledError):
        await calls.run(1, "a", b"x", interrupted)
    await IdempotentCalls(store, SystemClock()).run(1, "a", b"x", interrupted)
    assert seen[0] == seen[1]


async def test_what_was_refused_leaves_the_name_free(calls: IdempotentCalls) -> None:
    async def refused(_message: int, _at: int) -> dict[str, str]:
        await asyncio.sleep(0)
        raise InputError("no recipient")

    with pytest.raises(InputError, match="no recipient"):
        await calls.run(1, "a", b"x", refused)
    assert (await calls.run(1, "a", b"y", _accept)).replayed is False
