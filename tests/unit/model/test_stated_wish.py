"""What a row states: of two cells the stricter counts."""

import pytest

from postlude.model.stated_wish import NO_WISH, StatedWish
from postlude.model.words import Consent, Purpose

GIVEN, WITHDRAWN = StatedWish(mail=Consent.GIVEN), StatedWish(mail=Consent.WITHDRAWN)


@pytest.mark.parametrize("other", [GIVEN, NO_WISH, WITHDRAWN])
def test_withdrawn_outweighs(other: StatedWish) -> None:
    assert WITHDRAWN.joined(other) == other.joined(WITHDRAWN) == WITHDRAWN


def test_given_outweighs_nothing_only() -> None:
    assert GIVEN.joined(NO_WISH) == NO_WISH.joined(GIVEN) == GIVEN


def test_the_reason_that_ends_more_stays() -> None:
    left, spam = StatedWish(ended="left"), StatedWish(ended="complained")
    assert left.joined(spam).ended == spam.joined(left).ended == "complained"


def test_each_purpose_is_stated_by_itself() -> None:
    both = GIVEN.joined(StatedWish(clicks=Consent.WITHDRAWN))
    assert both.states() == {Purpose.MAIL: Consent.GIVEN, Purpose.CLICKS: Consent.WITHDRAWN}
    assert NO_WISH.states() == {}
