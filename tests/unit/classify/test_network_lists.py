"""The bundled lists are data with date, source and licence."""

import pytest

from postlude.classify import BUNDLED, network_facts
from postlude.classify.network_lists import NETWORK_LISTS, bundled, head_of


@pytest.mark.parametrize("name", NETWORK_LISTS)
def test_every_list_says_when_from_where_and_under_what(name: str) -> None:
    head = head_of(bundled(name))
    assert len(head["date"]) == 10
    assert head["source"]
    assert head["licence"]


def test_every_list_is_in_use() -> None:
    assert {one.name for one in BUNDLED} == set(NETWORK_LISTS)
    assert network_facts("3.64.1.1")["network"] == "hosting"
    assert all(one.licence for one in BUNDLED)


def test_a_list_may_say_nothing_of_itself() -> None:
    assert head_of("192.0.2.0/24 # one\n") == {"date": "", "source": "", "licence": ""}
