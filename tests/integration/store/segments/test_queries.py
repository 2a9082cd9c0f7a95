import pytest

from postlude.model.errors import NotFoundError
from postlude.segments.expression import Did, Everyone
from postlude.store import Store


def test_a_segment_is_kept_and_found(store: Store) -> None:
    made = store.segments.add("Hot", Did("opened", 3), 7, user=5)
    assert store.segments.get(made.id) == made
    assert store.segments.by_name(" HOT ") == made
    assert store.segments.every() == [made]


def test_segments_are_listed_by_name(store: Store) -> None:
    for name in ("b", "C", "a"):
        store.segments.add(name, Everyone(), 1)
    assert [one.name for one in store.segments.every()] == ["a", "b", "C"]


def test_freezing_again_keeps_who_is_chosen_then(store: Store) -> None:
    made = store.segments.add("All", Everyone(), 1)
    store.contacts.add("a@example.org", 1)
    assert store.segments.freeze(made.id, Everyone(), 2) == 1
    store.contacts.add("b@example.org", 1)
    assert store.segments.freeze(made.id, Everyone(), 3) == 2


def test_what_is_gone_cannot_be_changed(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no segment has the id"):
        store.segments.change(99, 1, name="x")
    with pytest.raises(NotFoundError, match="no segment has the id"):
        store.segments.freeze(99, Everyone(), 1)


def test_who_is_chosen_comes_page_by_page(store: Store) -> None:
    found = [store.contacts.add(f"{name}@example.org", 1) for name in "abc"]
    first = store.segments.page(Everyone(), limit=2)
    rest = store.segments.page(Everyone(), first[-1].id, 2)
    assert [one.id for one in (*first, *rest)] == sorted(one.id for one in found)
