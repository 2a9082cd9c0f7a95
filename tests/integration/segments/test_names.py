import pytest

from postlude.model.errors import InputError, NotFoundError
from postlude.segments import expression as tree
from postlude.segments import render
from postlude.segments.expression import Reference
from postlude.services.segments.names import read_segment, segment_called, with_names
from postlude.services.segments.saved import save_segment
from postlude.store import Store
from support.segment_world import CLOCK, campaign


@pytest.fixture
def known(store: Store) -> Store:
    store.contacts.add("a@example.org", 1, fields={"City": "Bonn"})
    store.contacts.tag("Vip")
    store.lists.add("News", 1)
    save_segment(store, CLOCK, "Hot", "tag('vip')")
    return store


def test_names_become_ids_and_ids_the_names_of_today(known: Store) -> None:
    spring = campaign(known, "Spring")
    read = read_segment(known, "list('news') and tag('vip') and segment('HOT') and opened(campaign='spring')")
    assert all("#" in render(leaf) for leaf in tree.leaves(read))
    known.lists.change(known.lists.every()[0].id, name="Letters")
    text = render(with_names(known, read))
    assert text == "list('Letters') and tag('Vip') and segment('Hot') and opened(campaign='Spring')"
    assert read_segment(known, text) == read
    assert spring.id in {leaf.campaign.id for leaf in tree.leaves(read) if isinstance(leaf, tree.Did) and leaf.campaign}


def test_a_campaign_whose_name_two_have_keeps_its_id(known: Store) -> None:
    first = campaign(known, "Spring")
    read = read_segment(known, "opened(campaign='Spring')")
    campaign(known, "Spring")
    text = render(with_names(known, read))
    assert f"{first.id:016x}" in text
    assert read_segment(known, text) == read


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("list('Nws')", "there are: 'News'"),
        ("not tag('vp')", "there are: 'Vip'"),
        ("segment('Cold')", "there are: 'Hot'"),
        ("opened(campaign='Autumn')", "Autumn"),
    ],
)
def test_a_name_that_nothing_has_is_refused(known: Store, text: str, problem: str) -> None:
    with pytest.raises(NotFoundError, match=problem):
        read_segment(known, text)


def test_a_field_that_no_contact_ever_had_is_refused(known: Store) -> None:
    with pytest.raises(InputError, match="there are: City"):
        read_segment(known, "field('Citty') = 'Bonn'")


def test_addresses_and_domains_are_asked_as_they_are_stored(known: Store) -> None:
    assert read_segment(known, "domain = 'München.example'") == tree.FieldIs("domain", "=", "xn--mnchen-3ya.example")
    assert read_segment(known, "address in ('A@Example.Org')") == tree.FieldIn("address", ("a@example.org",))


def test_what_is_gone_keeps_its_id(known: Store) -> None:
    assert with_names(known, tree.Tagged(Reference(id=5))) == tree.Tagged(Reference(id=5))


def test_a_saved_segment_is_found_in_any_case(known: Store) -> None:
    assert segment_called(known, " hot ").name == "Hot"
