"""The sender's own visits, and colleagues'."""

import pytest

from postlude.classify import explained, who_words
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint, Verdict
from postlude.services.digest.own_visits import OwnVisits

SENDER, COLLEAGUE, MESSAGE = 5, 6, 11
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)


def verdict(mark: str, *, colleagues_count: bool = True) -> Verdict:
    visits = OwnVisits({MESSAGE: SENDER}.get, colleagues_count=colleagues_count)
    facts = {"signed_in": mark} if mark else {}
    hit = Hit(1, HitEndpoint.PIXEL, 1, MESSAGE, 3, -1, "GET", CHROME, "", {}, facts)
    return visits(hit, sent_at=None).verdict


def mark_of(user: int) -> str:
    return f"{user:016x}:{MESSAGE:016x}"


def test_the_senders_own_visit_is_their_own() -> None:
    assert verdict(mark_of(SENDER)) is Verdict.SELF


@pytest.mark.parametrize(("count", "expected"), [(True, Verdict.HUMAN), (False, Verdict.SELF)])
def test_a_colleagues_visit_counts_unless_it_is_left_out(count: bool, expected: Verdict) -> None:
    assert verdict(mark_of(COLLEAGUE), colleagues_count=count) is expected


def test_a_colleagues_visit_is_told_from_the_senders_own() -> None:
    visits = OwnVisits({MESSAGE: SENDER}.get, colleagues_count=False)
    found = []
    for user in (SENDER, COLLEAGUE):
        facts = {"signed_in": mark_of(user)}
        hit = Hit(1, HitEndpoint.PIXEL, 1, MESSAGE, 3, -1, "GET", CHROME, "", {}, facts)
        reasons = visits(hit, sent_at=None).reasons
        found.append((who_words("self", reasons), explained(reasons)))
    assert found == [
        ("you", "You loaded it yourself, signed in here."),
        ("a colleague", "A colleague loaded it, signed in here."),
    ]


@pytest.mark.parametrize("mark", ["", "nonsense", ":"])
def test_who_is_not_marked_is_judged_as_ever(mark: str) -> None:
    assert verdict(mark, colleagues_count=False) is Verdict.HUMAN


def test_a_sender_who_is_not_known_yet_is_asked_for_again() -> None:
    senders: dict[int, int] = {}
    visits = OwnVisits(senders.get, colleagues_count=True)
    hit = Hit(1, HitEndpoint.PIXEL, 1, MESSAGE, 3, -1, "GET", CHROME, "", {}, {"signed_in": mark_of(SENDER)})
    assert visits(hit, sent_at=None).verdict is Verdict.HUMAN
    senders[MESSAGE] = SENDER
    assert visits(hit, sent_at=None).verdict is Verdict.SELF
