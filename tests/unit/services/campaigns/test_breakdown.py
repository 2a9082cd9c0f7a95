from postlude.analytics import NormalRange
from postlude.services.campaigns.breakdown import (
    clients_of,
    compare_with,
    days_of,
    hours_of,
    providers_of,
    reasons_of,
    usual_rates,
)
from postlude.store.campaigns.breakdown import ClientCounts, HourCounts
from postlude.store.campaigns.rows import Funnel


def test_hours_have_no_gaps() -> None:
    found = hours_of([HourCounts(hour=10, opens=2, clicks_machine=3), HourCounts(hour=13, clicks=1, opens_unknown=1)])
    assert [(one.at // 3_600_000_000, one.opens, one.clicks, one.others) for one in found] == [
        (10, 2, 0, 3),
        (11, 0, 0, 0),
        (12, 0, 0, 0),
        (13, 0, 1, 1),
    ]
    assert {one.seconds for one in found} == {3600}


def test_what_goes_on_is_shown_by_days_too() -> None:
    found = days_of([HourCounts(hour=30, opens=2), HourCounts(hour=47, opens=1), HourCounts(hour=102, clicks=4)])
    assert [(one.at // 3_600_000_000, one.opens, one.clicks) for one in found] == [
        (24, 3, 0),
        (48, 0, 0),
        (72, 0, 0),
        (96, 0, 4),
    ]
    assert {one.seconds for one in found} == {86400}


def test_nothing_has_no_periods() -> None:
    assert hours_of([]) == []
    assert days_of([]) == []


def test_hours_end_with_the_third_day() -> None:
    found = hours_of([HourCounts(hour=30, opens=2), HourCounts(hour=101, opens=1), HourCounts(hour=102, clicks=4)])
    assert len(found) == 72
    assert found[-1].opens == 1


def test_few_campaigns_have_nothing_usual_and_small_ones_say_nothing() -> None:
    large, small = Funnel(message=0, copies=100, delivered=100), Funnel(message=0, copies=49, delivered=49)
    assert usual_rates([large] * 4 + [small] * 9) == {}
    assert usual_rates([large] * 5)["delivered"].values == 5


def test_a_rate_is_out_of_the_usual_only_with_its_whole_interval() -> None:
    usual = {"opened": NormalRange(0.2, 0.15, 0.25, 9)}
    much = {one.name: one.standing for one in compare_with(Funnel(message=0, delivered=1000, opened=300), usual)}
    chance = {one.name: one.standing for one in compare_with(Funnel(message=0, delivered=10, opened=3), usual)}
    little = {one.name: one.standing for one in compare_with(Funnel(message=0, delivered=1000, opened=50), usual)}
    assert much["opened"] == "above"
    assert chance["opened"] == ""
    assert little["opened"] == "below"
    assert much["clicked"] == ""


def test_programs_of_people_come_first_and_few_are_shown() -> None:
    counts = [ClientCounts(client=f"Program {number}", opens=number) for number in range(20)]
    shown = clients_of([*counts, ClientCounts(client="bot", opens_machine=99)])
    assert [one.client for one in shown[:2]] == ["Program 19", "Program 18"]
    assert len(shown) == 13
    assert shown[-1].client == "others"
    assert sum(one.opens for one in shown) == sum(range(20))
    assert shown[-1].opens_machine == 99


def test_programs_of_machines_stand_beside_those_of_people() -> None:
    people, perhaps = ClientCounts(client="Safari", opens=1), ClientCounts(client="", opens_unknown=50)
    machine, nothing = ClientCounts(client="curl", clicks_machine=99), ClientCounts(client="gone")
    assert clients_of([machine, nothing, perhaps, people]) == [people, perhaps, machine]


def test_all_other_providers_come_last_and_rates_have_their_base() -> None:
    small = Funnel(message=0, copies=10, sent=10, delivered=8, bounced=2, opened=4, clicked=1, opened_unknown=3)
    large = Funnel(message=0, copies=90, sent=90, delivered=90, opened=9)
    first, last = providers_of({"": large, "Gmail": small})
    assert first.provider == "Gmail"
    assert last.provider == "others"
    assert first.opened.count == 4
    assert first.opened_unknown == 3
    assert first.opened.of == 8
    assert first.bounced.count == 2
    assert first.bounced.of == 10
    assert first.opened.low < 0.5 < first.opened.high


def test_rare_reasons_are_one_line() -> None:
    lines = reasons_of({f"r{number}": 20 - number for number in range(15)} | {"": 1})
    assert len(lines) == 13
    assert lines[-1].reason == "others"
    assert lines[-1].copies == 8 + 7 + 6 + 1
    assert reasons_of({"": 2})[0].reason == "not given"
