import pytest

from postlude.segments import parse_expression
from postlude.segments.expression import Did
from postlude.services.campaigns.report_segments import ReportSegments

ASKS = ReportSegments(255)


@pytest.mark.parametrize(
    ("what", "action"),
    [("", "sent"), ("opened", "opened"), ("clicked", "clicked"), ("bounced", "bounced"), ("left_all", "unsubscribed")],
)
def test_an_outcome_is_asked_of_the_campaign(what: str, action: str) -> None:
    read = parse_expression(ASKS.outcome(what))
    assert isinstance(read, Did)
    assert read.action == action
    assert read.campaign is not None
    assert read.campaign.id == 255


@pytest.mark.parametrize("what", ["opened_machine", "failed", "indeterminate"])
def test_what_the_language_does_not_know_is_not_asked(what: str) -> None:
    assert ASKS.outcome(what) == ""


def test_a_period_is_from_its_beginning_to_before_the_next() -> None:
    read = parse_expression(ASKS.period(1_764_594_000_000_000, 3600))
    assert isinstance(read, Did)
    assert read.since == "2025-12-01T13:00"
    assert read.before == "2025-12-01T14:00"


@pytest.mark.parametrize("url", ["https://shop.example/?a=1&b='2'", "https://shop.example/100%25"])
def test_a_link_is_asked_whatever_is_in_it(url: str) -> None:
    read = parse_expression(ASKS.link(url))
    assert isinstance(read, Did)
    assert read.link == url
