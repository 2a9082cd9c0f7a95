"""Which records are written together decides what a later one of the same batch can see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mails.records import hit, record
from mails.visits import visit
from postlude.model.observation import (
    Attempt,
    Observation,
    Resolved,
    Returned,
    Submitted,
    Webhook,
    decode_quick,
    encode_observation,
)
from postlude.model.words import HitEndpoint, SendOutcome, Via
from postlude.services.digest.item import Item, RecordOutcome
from postlude.services.digest.parts import SUBMISSIONS, more_than_hits, split_into_parts

OPENED = visit(5)
SUBMITTED = Submitted(1, 1, 7, Via.RELAY, "alice@example.org", ("bob@example.org",))
SENT = Attempt(2, 1, 10, SendOutcome.ACCEPTED, 250, "", "ok", "mx", "end-of-data", 1)
BOUNCE = Returned(3, 9, "smtp", "", "")
CALL = Webhook(3, "acme", {}, b"")
ASSIGNED = Resolved(4, 1, 10)
ERASED = hit(HitEndpoint.PREFERENCES, erase="1")
CHOSEN = hit(HitEndpoint.PREFERENCES, opens="off")
KINDS = (OPENED, SUBMITTED, SENT, BOUNCE, CALL, ASSIGNED, ERASED, CHOSEN)


def _items(*seen: Observation) -> list[Item]:
    data = [encode_observation(one) for one in seen]
    return [Item(record(one, 16 + place), decode_quick(one)) for place, one in enumerate(data)]


def _lengths(*seen: Observation) -> list[int]:
    return [len(part) for part in split_into_parts(_items(*seen))]


@pytest.mark.parametrize("later", [BOUNCE, CALL])
@pytest.mark.parametrize("earlier", [SUBMITTED, SENT])
def test_what_comes_back_finds_the_mail_it_is_about_written(earlier: Observation, later: Observation) -> None:
    assert _lengths(earlier, OPENED, later) == [2, 1]


@pytest.mark.parametrize("earlier", [BOUNCE, CALL])
def test_a_decision_finds_the_finding_it_is_about_written(earlier: Observation) -> None:
    assert _lengths(earlier, ASSIGNED) == [1, 1]


def test_what_needs_nothing_of_before_stays_together() -> None:
    assert _lengths(OPENED, BOUNCE, SUBMITTED, SENT, OPENED, CHOSEN) == [6]


def test_an_erasure_is_alone() -> None:
    assert _lengths(OPENED, OPENED, ERASED, OPENED) == [2, 1, 1]


def test_few_submissions_form_a_part() -> None:
    assert max(_lengths(*[SUBMITTED] * 3 * SUBMISSIONS)) == SUBMISSIONS


@given(st.lists(st.sampled_from(KINDS), max_size=30))
def test_every_record_is_in_one_part_in_its_order(seen: list[Observation]) -> None:
    items = _items(*seen)
    parts = split_into_parts(items)
    assert [one.record.offset for part in parts for one in part] == [one.record.offset for one in items]
    assert all(parts)


@given(st.lists(st.sampled_from(KINDS), max_size=30))
def test_no_part_holds_what_comes_back_after_what_went_out(seen: list[Observation]) -> None:
    for part in split_into_parts(_items(*seen)):
        kinds = [type(one.observation) for one in part]
        for first, second in (((Submitted, Attempt), (Returned, Webhook)), ((Returned, Webhook), (Resolved,))):
            places = [place for place, kind in enumerate(kinds) if kind in first]
            assert not any(kind in second for kind in kinds[min(places, default=len(kinds)) :])


@given(st.lists(st.sampled_from((SUBMITTED, OPENED)), max_size=200))
def test_parts_of_mail_and_hits_alone_are_full(seen: list[Observation]) -> None:
    """No more parts than needed: each costs a transaction of both stores."""
    parts = split_into_parts(_items(*seen))
    assert len(parts) <= 1 + seen.count(SUBMITTED) // SUBMISSIONS


@pytest.mark.parametrize(
    ("seen", "outcome", "more"),
    [
        (OPENED, RecordOutcome.COUNTED, False),
        (OPENED, RecordOutcome.FAILED, True),
        (SENT, RecordOutcome.ATTEMPTED, True),
        (hit(HitEndpoint.UNSUBSCRIBE), RecordOutcome.COUNTED, True),
    ],
)
def test_a_hit_that_became_an_event_is_only_counted(seen: Observation, outcome: RecordOutcome, *, more: bool) -> None:
    [item] = _items(seen)
    item.outcome = outcome
    assert bool(more_than_hits([item])) is more
