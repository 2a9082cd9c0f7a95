from typing import Any

import pytest

from mails.records import hit
from postlude.kit.ids import id_text
from postlude.model.event import Event
from postlude.model.words import EventKind, HitEndpoint
from postlude.services.digest.preferences import bare, chosen, is_erasure, leaves_no_trace
from postlude.store import DataRequest, PreferenceChoice

EVENT = Event(1, EventKind.VIEWED, 1_000, 1, 10)
CHOOSING = hit(HitEndpoint.PREFERENCES, opens="off", clicks="on")


def test_what_was_chosen_counts_for_the_copy_whose_page_it_was() -> None:
    assert chosen(CHOOSING, EVENT).choice == PreferenceChoice(
        10, opens=False, clicks=True, at=1_000, evidence="preferences page, copy 000000000000000a"
    )


def test_half_a_choice_is_none() -> None:
    half = hit(HitEndpoint.PREFERENCES, opens="off")
    assert chosen(half, EVENT).choice is None


def test_lists_are_joined_and_left_as_the_edge_writes_them() -> None:
    seen = hit(HitEndpoint.PREFERENCES, opens="on", clicks="on", lists=f"{id_text(5)}+,{id_text(6)}-")
    choice = chosen(seen, EVENT).choice
    assert choice is not None
    assert choice.lists == ((5, True), (6, False))


@pytest.mark.parametrize("lists", ["", ",", "+", "nonsense+", "0000000000000000+", f"{id_text(5)}"[:-1] + "+"])
def test_what_is_not_a_list_is_left_out(lists: str) -> None:
    seen = hit(HitEndpoint.PREFERENCES, opens="on", clicks="on", lists=lists)
    choice = chosen(seen, EVENT).choice
    assert choice is not None
    assert choice.lists == ()


def test_who_asks_for_what_is_stored_gets_an_open_request() -> None:
    seen = hit(HitEndpoint.PREFERENCES, report="1")
    assert chosen(seen, EVENT).request == DataRequest(10, 1_000)


def test_who_erases_names_the_copy() -> None:
    seen = hit(HitEndpoint.PREFERENCES, erase="1")
    assert chosen(seen, EVENT).erase == 10


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (hit(HitEndpoint.PREFERENCES, erase="1"), True),
        (hit(HitEndpoint.PREFERENCES), False),
        (hit(HitEndpoint.PIXEL, erase="1"), False),
        (None, False),
    ],
)
def test_only_a_preferences_page_erases(seen: object, *, expected: bool) -> None:
    assert is_erasure(seen) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"erase": "1"}, True),
        ({"opens": "off", "clicks": "on"}, True),
        ({"opens": "on", "clicks": "off"}, False),
        ({}, False),
    ],
)
def test_who_withdraws_opens_or_erases_leaves_no_trace(facts: dict[str, Any], *, expected: bool) -> None:
    assert leaves_no_trace(hit(HitEndpoint.PREFERENCES, **facts)) is expected


def test_of_a_bare_decision_only_the_decision_stays() -> None:
    stripped = bare(hit(HitEndpoint.PREFERENCES, opens="off", clicks="off", network="hosting"))
    assert stripped.user_agent == ""
    assert stripped.address == ""
    assert stripped.facts == {"opens": "off", "clicks": "off"}


def test_the_event_of_the_page_stays_beside_what_was_chosen() -> None:
    assert chosen(CHOOSING, EVENT).events == (EVENT,)
