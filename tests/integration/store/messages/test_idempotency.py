"""Names of calls that may be repeated, as they are stored."""

import msgspec

from postlude.store import Reservation, Store

FIRST = Reservation(user=1, name="order-1", body=b"a", message=11, at=1000)
SECOND = msgspec.structs.replace(FIRST, body=b"b", message=12, at=2000)


def test_the_first_one_holds(store: Store) -> None:
    assert store.idempotency.reserve(FIRST, 0) == FIRST
    assert store.idempotency.reserve(SECOND, 0) == FIRST


def test_an_answer_is_kept(store: Store) -> None:
    store.idempotency.reserve(FIRST, 0)
    store.idempotency.answered(FIRST, {"message": "b"})
    assert store.idempotency.reserve(SECOND, 0).answer == {"message": "b"}


def test_a_released_name_is_free(store: Store) -> None:
    store.idempotency.reserve(FIRST, 0)
    store.idempotency.release(FIRST)
    assert store.idempotency.reserve(SECOND, 0) == SECOND


def test_an_old_name_is_free(store: Store) -> None:
    store.idempotency.reserve(FIRST, 0)
    assert store.idempotency.reserve(SECOND, 1001) == SECOND
