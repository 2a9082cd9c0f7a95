"""The names of a login's limits stand in one place; settings and commands follow it."""

import pytest

from postlude.cli.accounts.user import command
from postlude.config import table
from postlude.feedback import FindingKind
from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.model.quota import LIMITS, Quota
from postlude.model.words import EventKind


@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_has_a_setting(name: str) -> None:
    assert f"relay_{name}" in table()


def test_the_command_takes_every_limit() -> None:
    options = {parameter.name for parameter in command.commands["limits"].params}
    assert options >= set(LIMITS)


def test_what_is_said_of_one_user_replaces_what_holds_for_all() -> None:
    assert Quota(messages_per_hour=5, recipients_per_day=9).changed({"messages_per_hour": 0}) == Quota(
        recipients_per_day=9
    )


def test_leaving_is_one_word_everywhere() -> None:
    assert {UNSUBSCRIBED, FindingKind.UNSUBSCRIBED.value, EventKind.UNSUBSCRIBED.value} == {"unsubscribed"}
