"""Many campaigns in a table, and some side by side."""

import pytest

from postlude.model.errors import InputError
from postlude.services.campaigns.comparison import CampaignTable, campaign_table, compare_campaigns, sorted_lines
from postlude.services.campaigns.report import report_of
from support.past_campaigns import HOUR_US, past_campaign

from .conftest import World

DAY_US = 24 * HOUR_US


def _owner(world: World) -> int:
    owner = world.store.accounts.first_user()
    assert owner is not None
    return owner.id


@pytest.fixture
def table(world: World) -> CampaignTable:
    """Six usual campaigns, one that was opened by far more, one of another user's."""
    for number in range(6):
        done = {"opened": 12 + number, "clicked": 2, "bounced": 1}
        past_campaign(world.store, _owner(world), f"News {number}", (10 + number) * DAY_US, 60, done)
    past_campaign(
        world.store, _owner(world), "Prize", 20 * DAY_US, 60, {"opened": 55, "unsubscribed": 3, "complained": 1}
    )
    past_campaign(world.store, _owner(world) + 1, "Not mine", 21 * DAY_US, 60, {"opened": 1})
    return campaign_table(world.store, _owner(world))


def test_every_campaign_of_the_user_has_its_rates(table: CampaignTable) -> None:
    assert table.lines[0].name == "Prize"
    assert len(table.lines) == 7
    opened = table.lines[0].rates["opened"].rate
    assert opened.value == pytest.approx(55 / 60)
    assert opened.low < opened.value < opened.high


def test_what_is_far_from_usual_is_marked(table: CampaignTable) -> None:
    marked = {one.name: one.rates["opened"].standing for one in table.lines if one.rates["opened"].standing}
    assert marked == {"Prize": "above"}


def test_the_range_is_of_the_campaigns_that_were_sent(table: CampaignTable) -> None:
    assert table.usual["opened"].values == 7
    assert table.usual["opened"].low == pytest.approx(12.6 / 59, abs=0.01)


@pytest.mark.parametrize("order", ["name", "opened", "bounced", "copies", "started"])
def test_lines_are_sorted_by_any_column(table: CampaignTable, order: str) -> None:
    up = [one.name for one in sorted_lines(table.lines, order, ascending=True)]
    assert up == [one.name for one in sorted_lines(table.lines, order)][::-1]
    assert set(up) == {one.name for one in table.lines}


def test_an_unknown_order_is_refused(table: CampaignTable) -> None:
    with pytest.raises(InputError, match="sorted by started, name"):
        sorted_lines(table.lines, "colour")


def test_side_by_side_the_difference_to_the_first_has_an_interval(world: World, table: CampaignTable) -> None:
    del table
    prize, news, *_ = world.store.campaigns.of_user(_owner(world))
    found = compare_campaigns(world.store, [prize, news])
    assert [one.name for one in found.lines] == ["Prize", "News 5"]
    assert found.differences[0] == {}
    apart = found.differences[1]["opened"]
    assert apart.value == pytest.approx(17 / 59 - 55 / 60)
    assert apart.low < apart.value < apart.high < 0


def test_a_draft_is_not_compared(world: World, table: CampaignTable) -> None:
    del table
    sent = world.store.campaigns.of_user(_owner(world))[0]
    with pytest.raises(InputError, match="not sent"):
        compare_campaigns(world.store, [sent, world.draft()])
    with pytest.raises(InputError, match="choose 2 to 6"):
        compare_campaigns(world.store, [sent])


def test_the_report_stands_beside_earlier_campaigns(world: World, table: CampaignTable) -> None:
    del table
    prize = world.store.campaigns.of_user(_owner(world))[0]
    opened = next(one for one in report_of(world.store, prize).parts.comparisons if one.name == "opened")
    assert opened.normal is not None
    assert opened.normal.values == 6
    assert opened.standing == "above"
