"""The score and the states: what counts, how age weighs, and whom nothing is said of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.analytics.engagement import MailEvidence, engagement_of
from postlude.model.words import EngagementState

DAY = 86_400 * 1_000_000
NOW = 1000 * DAY


def mail(
    days: float,
    *,
    clicks: int = 0,
    opens: int = 0,
    unknown: int = 0,
    answered: bool = False,
    seen: float | None = None,
    first: float | None = None,
    tracked: bool = True,
    bounced: bool = False,
) -> MailEvidence:
    """A mail sent `days` ago; a sign of life a day after it unless `seen` (days ago) says otherwise."""
    sent = NOW - int(days * DAY)
    at = sent + DAY if seen is None else NOW - int(seen * DAY)
    touched = bool(clicks or opens)
    return MailEvidence(
        sent,
        tracked,
        tracked,
        bounced,
        at if answered else None,
        clicks,
        opens,
        unknown,
        (at if first is None else NOW - int(first * DAY)) if touched else None,
        at if touched else None,
    )


def score(*mails: MailEvidence) -> int | None:
    return engagement_of(mails, NOW).score


def state(*mails: MailEvidence) -> EngagementState:
    return engagement_of(mails, NOW).state


def test_who_clicks_or_answers_everything_has_a_hundred() -> None:
    assert score(mail(10, clicks=1), mail(20, answered=True), mail(30, clicks=3, opens=2)) == 100


def test_opens_count_half_and_what_cannot_be_told_little() -> None:
    assert score(*[mail(days, opens=1) for days in (10, 20, 30)]) == 50
    assert score(*[mail(days, unknown=1) for days in (10, 20, 30)]) == 15


def test_below_three_tracked_mails_there_is_no_score() -> None:
    assert score(mail(10, clicks=1), mail(20, clicks=1)) is None
    assert score(mail(10, clicks=1), mail(20, clicks=1), mail(30, clicks=1, tracked=False)) is None


def test_newer_mails_weigh_more() -> None:
    lately = score(mail(10, clicks=1), mail(200), mail(210))
    long_ago = score(mail(10), mail(200, clicks=1), mail(210))
    assert lately == 69
    assert long_ago == 16


def test_a_mail_of_this_morning_lowers_nothing_yet() -> None:
    before = score(mail(10, clicks=1), mail(20, clicks=1), mail(30, clicks=1))
    assert score(mail(0, clicks=0), mail(10, clicks=1), mail(20, clicks=1), mail(30, clicks=1)) == before


def test_what_came_back_is_not_counted_against_the_person() -> None:
    found = engagement_of([mail(5), mail(10, bounced=True), mail(20, clicks=1), mail(30, clicks=1)], NOW)
    assert found.mails == 3


@pytest.mark.parametrize(
    ("mails", "expected"),
    [
        ([mail(3)], EngagementState.NEW),
        ([mail(40, clicks=1)], EngagementState.ACTIVE),
        ([mail(days, opens=1) for days in (110, 120, 130)] + [mail(20), mail(40), mail(60)], EngagementState.LAPSING),
        ([mail(20 * number) for number in range(1, 11)], EngagementState.INACTIVE),
        ([mail(300, clicks=1), *[mail(20 * number) for number in range(1, 8)]], EngagementState.INACTIVE),
        ([mail(300, clicks=1), mail(20), mail(40)], EngagementState.ACTIVE),
        ([mail(20 * number, tracked=False) for number in range(1, 11)], EngagementState.UNKNOWN),
        ([mail(20 * number, unknown=1) for number in range(1, 11)], EngagementState.UNKNOWN),
        ([mail(100, tracked=False, answered=True, seen=5)], EngagementState.ACTIVE),
        ([mail(5, bounced=True), mail(20, clicks=1)], EngagementState.UNREACHABLE),
        ([], EngagementState.NEW),
    ],
)
def test_states(mails: list[MailEvidence], expected: EngagementState) -> None:
    assert state(*mails) is expected


def test_hot_is_again_and_again_within_days_and_not_answered() -> None:
    assert state(mail(6, opens=4, clicks=1, seen=1, first=5)) is EngagementState.HOT
    assert state(mail(6, opens=4, clicks=1, seen=1, first=5, answered=True)) is EngagementState.ACTIVE
    assert state(mail(6, opens=4, seen=1, first=1.01)) is EngagementState.ACTIVE
    assert state(mail(60, opens=9, seen=20, first=50)) is EngagementState.ACTIVE


def test_a_click_before_the_first_opening_does_not_make_hot() -> None:
    visited = mail(6, opens=2, clicks=1, seen=1, first=5)
    assert state(visited) is EngagementState.HOT
    assert state(visited._replace(clicked_first=True)) is EngagementState.ACTIVE


def test_a_clock_at_nothing_makes_none_hot() -> None:
    assert engagement_of([mail(6)], 0).state is EngagementState.NEW


MAILS = st.builds(
    mail,
    st.floats(0, 900),
    clicks=st.integers(0, 3),
    opens=st.integers(0, 3),
    unknown=st.integers(0, 1),
    answered=st.booleans(),
    tracked=st.booleans(),
    bounced=st.booleans(),
)


@given(st.lists(MAILS, max_size=12))
def test_the_parts_add_up_and_the_score_keeps_its_bounds(mails: list[MailEvidence]) -> None:
    found = engagement_of(mails, NOW)
    assert found.answered + found.clicked + found.opened + found.perhaps + found.nothing == found.mails
    assert found.score is None or 0 <= found.score <= 100


@given(st.lists(MAILS, max_size=12), st.integers(0, 11))
def test_a_click_more_never_lowers_the_score(mails: list[MailEvidence], place: int) -> None:
    if place >= len(mails) or not mails[place].tracked or mails[place].bounced:
        return
    better = [*mails[:place], mails[place]._replace(clicks=1), *mails[place + 1 :]]
    before, after = score(*mails), score(*better)
    assert before is None or (after is not None and after >= before)


@given(st.lists(MAILS.filter(lambda one: not one.tracked), max_size=12))
def test_an_untracked_contact_is_never_called_inactive(mails: list[MailEvidence]) -> None:
    assert state(*mails) not in {EngagementState.INACTIVE, EngagementState.LAPSING}


@given(st.lists(MAILS, max_size=12), st.integers(0, 900 * DAY))
def test_nothing_changes_before_the_told_moment(mails: list[MailEvidence], more: int) -> None:
    now = engagement_of(mails, NOW)
    later = NOW + more
    if now.changes_at is not None and later >= now.changes_at:
        later = now.changes_at - 1
    then = engagement_of(mails, later)
    assert then.state is now.state
    assert then.score == now.score
