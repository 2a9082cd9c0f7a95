import pytest

from postlude.kit.clock import to_iso
from postlude.model.errors import InputError
from postlude.segments import expression as tree
from postlude.segments import parse_expression
from postlude.segments.expression import Reference
from postlude.services.segments.names import read_segment
from postlude.services.segments.saved import freeze_segment, save_segment
from postlude.services.segments.settling import settled
from postlude.store import Store
from support.segment_world import CLOCK, DAY, NOW


def test_a_length_of_time_becomes_the_moment_it_counts_back_to(store: Store) -> None:
    assert settled(store, parse_expression("opened(within='3d')"), NOW) == tree.Did(
        "opened", since=to_iso(NOW - 3 * DAY)
    )
    assert settled(store, parse_expression("added(within='1w')"), NOW) == tree.Added(since=to_iso(NOW - 7 * DAY))


def test_saved_segments_are_written_out_and_frozen_ones_stay(store: Store) -> None:
    inner = save_segment(store, CLOCK, "Inner", "opened()")
    save_segment(store, CLOCK, "Outer", "segment('Inner') or clicked()")
    asked = read_segment(store, "not segment('Outer')")
    assert settled(store, asked, NOW) == tree.Not(tree.AnyOf((tree.Did("opened"), tree.Did("clicked"))))
    freeze_segment(store, CLOCK, inner.id)
    frozen = tree.Not(tree.AnyOf((tree.InSegment(Reference(id=inner.id)), tree.Did("clicked"))))
    assert settled(store, asked, NOW) == frozen


@pytest.mark.parametrize("text", ["list('News')", "tag('vip')", "segment('Hot')"])
def test_what_names_something_deleted_is_refused(store: Store, text: str) -> None:
    news, vip = store.lists.add("News", 1), store.contacts.tag("vip")
    contact = store.contacts.add("a@example.org", 1)
    store.contacts.tag_contact(vip, contact.id)
    hot = save_segment(store, CLOCK, "Hot", "opened()")
    asked = tree.Not(read_segment(store, text))
    store.lists.delete(news.id)
    store.segments.delete(hot.id)
    gone = tree.changed(
        asked, lambda leaf: tree.Tagged(Reference(id=vip + 1)) if isinstance(leaf, tree.Tagged) else leaf
    )
    with pytest.raises(InputError, match="cannot be asked"):
        settled(store, gone, NOW)


def test_a_segment_that_stands_in_itself_is_refused(store: Store) -> None:
    one = save_segment(store, CLOCK, "One", "opened()")
    two = save_segment(store, CLOCK, "Two", "segment('One')")
    # As an older backup put back beside a newer row could leave it: the services refuse to save it.
    store.segments.change(one.id, NOW, expression=tree.InSegment(Reference(id=two.id)))
    with pytest.raises(InputError, match="stands in itself"):
        settled(store, tree.InSegment(Reference(id=two.id)), NOW)
