"""The page of a simulated mailing has the links that its readers follow."""

from postlude.app.simulate.play import SimulationOrder, _page


def test_a_page_has_as_many_links_as_were_ordered() -> None:
    assert _page(3).count("https://shop.example/") == 3


def test_an_order_has_defaults_that_are_quick() -> None:
    assert SimulationOrder().people <= 1_000
