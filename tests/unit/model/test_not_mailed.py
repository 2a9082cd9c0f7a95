import pytest

from postlude.model.not_mailed import UNSUBSCRIBED, NoMailing, ends, told
from postlude.model.words import MessagePurpose


@pytest.mark.parametrize("purpose", MessagePurpose)
@pytest.mark.parametrize("reason", ["unknown_user", "complained", "manual", "dead_domain", "what an operator wrote"])
def test_whatever_is_not_the_owners_wish_for_no_mailings_ends_everything(reason: str, purpose: MessagePurpose) -> None:
    assert ends(reason, purpose)


def test_unsubscribing_ends_mailings_alone() -> None:
    assert [purpose for purpose in MessagePurpose if ends(UNSUBSCRIBED, purpose)] == [MessagePurpose.MAILING]


@pytest.mark.parametrize("reason", [UNSUBSCRIBED, *NoMailing])
def test_a_wish_is_told_as_one(reason: str) -> None:
    assert "the recipient" in told(reason)
    assert "suppression list" not in told(reason)


def test_a_suppression_is_told_with_its_remedy() -> None:
    assert told("complained") == "the address is on the suppression list (complained); take it off to send again"
