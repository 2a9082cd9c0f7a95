import msgspec
import pytest

from postlude.model.errors import InputError
from postlude.segments import expression as tree
from postlude.services.segments.names import read_segment
from postlude.services.segments.saved import (
    change_segment,
    delete_segment,
    freeze_segment,
    mailable_page,
    narrowed,
    save_segment,
    select_contacts,
    thaw_segment,
)
from postlude.store import Store
from postlude.store.contacts.rows import Audience
from support.segment_world import CLOCK, campaign


@pytest.fixture
def people(store: Store) -> Store:
    """Three in Bonn and one in Ulm; one of Bonn must not be mailed."""
    for number, city in enumerate(("Bonn", "Bonn", "Bonn", "Ulm")):
        store.contacts.add(f"p{number}@example.org", 1 + number, fields={"City": city})
    store.suppressions.add("p0@example.org", "complained")
    return store


def test_whom_it_chooses_and_who_of_them_may_be_mailed(people: Store) -> None:
    chosen = select_contacts(people, CLOCK, read_segment(people, "field('City') = 'Bonn'"))
    assert chosen.contacts == 3
    assert chosen.mailable == 2
    assert chosen.words == "contacts whose City is 'Bonn'"
    asked = read_segment(people, chosen.text)
    first = mailable_page(people, CLOCK, asked, limit=1)
    rest = mailable_page(people, CLOCK, asked, first[-1].contact.id)
    assert [one.contact.address for one in (*first, *rest)] == ["p1@example.org", "p2@example.org"]


def test_a_live_segment_changes_with_its_contacts_and_a_frozen_one_does_not(people: Store) -> None:
    saved = save_segment(people, CLOCK, "Bonn", "field('City') = 'Bonn'")
    assert freeze_segment(people, CLOCK, saved.id) == 3
    people.contacts.add("new@example.org", 9, fields={"City": "Bonn"})
    assert select_contacts(people, CLOCK, saved.asked).contacts == 3
    thaw_segment(people, CLOCK, saved.id)
    assert select_contacts(people, CLOCK, saved.asked).contacts == 4


def test_another_expression_ends_being_frozen(people: Store) -> None:
    saved = save_segment(people, CLOCK, "Bonn", "field('City') = 'Bonn'")
    freeze_segment(people, CLOCK, saved.id)
    changed = change_segment(people, CLOCK, saved.id, name="Ulm", text="field('City') = 'Ulm'")
    assert changed.name == "Ulm"
    assert not changed.frozen
    assert select_contacts(people, CLOCK, changed.asked).contacts == 1


def test_who_is_erased_is_in_no_frozen_segment(people: Store) -> None:
    saved = save_segment(people, CLOCK, "Bonn", "field('City') = 'Bonn'")
    freeze_segment(people, CLOCK, saved.id)
    contact = people.contacts.by_address("p1@example.org")
    assert contact is not None
    people.contacts.erase(contact.id, 9)
    assert select_contacts(people, CLOCK, saved.asked).contacts == 2


@pytest.mark.parametrize("name", ["bonn", " BONN ", "", "  "])
def test_a_name_is_given_once(people: Store, name: str) -> None:
    save_segment(people, CLOCK, "Bonn", "everyone")
    with pytest.raises(InputError, match=r"already|needs a name"):
        save_segment(people, CLOCK, name, "everyone")


def test_a_segment_cannot_come_to_stand_in_itself(people: Store) -> None:
    inner = save_segment(people, CLOCK, "Inner", "everyone")
    save_segment(people, CLOCK, "Outer", "not segment('Inner')")
    with pytest.raises(InputError, match="cannot stand in itself"):
        change_segment(people, CLOCK, inner.id, text="segment('Outer')")


def test_what_others_ask_for_is_not_deleted(people: Store) -> None:
    inner = save_segment(people, CLOCK, "Inner", "everyone")
    outer = save_segment(people, CLOCK, "Outer", "not segment('Inner')")
    with pytest.raises(InputError, match="'Outer' asks for it"):
        delete_segment(people, inner.id)
    draft = msgspec.structs.replace(campaign(people, "Spring"), audience=Audience(segment=outer.asked))
    people.campaigns.change(draft, people.campaigns.variants(draft.id))
    with pytest.raises(InputError, match="'Spring' is to go to it"):
        delete_segment(people, outer.id)


def test_a_deleted_segment_leaves_its_contacts(people: Store) -> None:
    saved = save_segment(people, CLOCK, "All", "everyone")
    freeze_segment(people, CLOCK, saved.id)
    assert delete_segment(people, saved.id)
    assert not delete_segment(people, saved.id)
    assert people.contacts.count() == 4


def test_an_audience_is_narrowed_by_and() -> None:
    once = narrowed(Audience(everyone=True), tree.Did("opened"))
    twice = narrowed(once, tree.Did("clicked"))
    assert once.segment == tree.Did("opened")
    assert twice.segment == tree.AllOf((tree.Did("opened"), tree.Did("clicked")))
