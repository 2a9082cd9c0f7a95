"""Programs of the population come from where such programs come from."""

from random import Random

import pytest

from postlude.classify import network_facts
from postlude.population.programs import (
    Program,
    desktop_browser,
    home_address,
    office_address,
    phone_browser,
    provider_address,
    unlisted_address,
)


@pytest.mark.parametrize(
    ("provider", "network"),
    [
        ("google", "google"),
        ("apple", "apple_egress"),
        ("microsoft", "microsoft_filtering"),
        ("barracuda", "barracuda"),
        ("proofpoint", "proofpoint"),
        ("mimecast", "mimecast"),
    ],
)
def test_a_providers_addresses_are_on_its_list(provider: str, network: str) -> None:
    chance = Random(1)
    found = {network_facts(provider_address(provider, chance)).get("network") for _ in range(40)}
    assert found == {network}


def test_people_and_unlisted_machines_are_on_no_list() -> None:
    chance = Random(1)
    makers = (home_address, office_address, unlisted_address)
    assert [network_facts(make(chance)) for make in makers for _ in range(20)] == [{}] * 60


def test_browsers_are_many() -> None:
    chance = Random(1)
    assert len({desktop_browser(chance) for _ in range(200)}) > 10
    assert any("Mobile" in phone_browser(chance) for _ in range(20))


def test_an_image_is_asked_for_as_one() -> None:
    browser = Program("x", "10.0.0.1")
    assert "image/" in browser.for_images().headers["Accept"]
