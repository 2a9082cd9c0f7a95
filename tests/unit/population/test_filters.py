"""Habits of filters."""

from random import Random

import pytest

from postlude.population import FILTERS
from postlude.population.filters import FILTER_SHARES, PIXEL, FilterStep


def steps(name: str, links: int = 5, seed: int = 1) -> list[FilterStep]:
    return list(FILTERS[name].on_delivery(links, Random(seed)))


def test_every_filter_has_a_share() -> None:
    assert set(FILTER_SHARES) == set(FILTERS)


@pytest.mark.parametrize("name", ["at-once", "later", "library", "named", "barracuda", "microsoft", "proofpoint"])
def test_a_sweep_takes_every_link(name: str) -> None:
    assert {step.link for step in steps(name) if step.link >= 0} == set(range(5))


@pytest.mark.parametrize(("name", "first", "last"), [("at-once", 0.4, 4), ("later", 20, 61)])
def test_a_sweep_comes_when_it_comes(name: str, first: float, last: float) -> None:
    for seed in range(20):
        times = [step.after for step in steps(name, seed=seed)]
        assert first <= min(times)
        assert max(times) <= last
        assert max(times) - min(times) < 1


def test_some_ask_with_head_first() -> None:
    assert [step.method for step in steps("head-first")] == ["HEAD", "GET"] * 5


def test_some_load_the_images_as_well() -> None:
    assert steps("with-scripts")[0].link == PIXEL


def test_some_come_from_two_networks() -> None:
    assert len({step.program.address for step in steps("two-networks")}) == 2


def test_some_follow_a_single_link() -> None:
    assert [step.link for step in steps("one-link")] == [0]


@pytest.mark.parametrize("name", FILTERS)
def test_a_mail_without_links_is_swept_without_harm(name: str) -> None:
    assert [step for step in steps(name, links=0) if step.link >= 0] == []
