"""Neighbours: who asks for many recipients' copies in several domains, and who only shares an address."""

import random
from collections.abc import Collection, Mapping

import pytest

from postlude.classify import CrowdHit, WindowSettings, crowd_key, crowded, place_of

SETTINGS = WindowSettings()
S = 1_000_000


def hits(copies: int, every: float = 5.0) -> list[CrowdHit]:
    return [CrowdHit(round(n * every * S), 1000 + n, 1 + n) for n in range(copies)]


def domains(number: int) -> Mapping[int, str]:
    return {copy: f"firm{copy % number}.example" for copy in range(1, 100)}


def found(some: Collection[CrowdHit], of: int) -> set[int]:
    return crowded(some, SETTINGS, lambda _copies: domains(of))


def test_ten_recipients_in_three_domains_are_a_crowd() -> None:
    assert found(hits(10), 3) == {hit.id for hit in hits(10)}


@pytest.mark.parametrize(
    ("some", "of"),
    [
        (hits(9), 3),
        (hits(40), 2),  # one office behind one address
        (hits(20, every=70), 3),  # over hours
        ([hit._replace(copy=hit.copy % 5) for hit in hits(50)], 5),
    ],
)
def test_less_is_none(some: list[CrowdHit], of: int) -> None:
    assert found(some, of) == set()


def test_only_the_hits_within_the_time_belong_to_it() -> None:
    late = [CrowdHit(5_000 * S, 1, 50), CrowdHit(-3_000 * S, 2, 51)]
    assert found([*hits(12), *late], 4) == {hit.id for hit in hits(12)}


def test_copies_of_unknown_recipients_are_in_no_domain() -> None:
    assert crowded(hits(30), SETTINGS, lambda _copies: {1: "a.example", 2: "b.example"}) == set()


def test_it_is_a_function_of_the_set_of_hits() -> None:
    chance = random.Random(3)
    some = [CrowdHit(chance.randrange(2_000) * S, n, chance.randrange(1, 30)) for n in range(120)]
    wanted = found(some, 4)
    chance.shuffle(some)
    assert found(some, 4) == wanted


def test_a_private_network_tells_no_visitors_apart() -> None:
    assert crowd_key(7, place_of("203.0.113.0"), 5) != crowd_key(7, place_of("198.51.100.0"), 5)
    for address in ("", "10.1.2.0", "127.0.0.1", "172.20.0.0", "192.168.4.0", "::1", "fd12:3456:789a::", "fe80::1"):
        assert crowd_key(7, place_of(address), 5) == 0
    assert crowd_key(7, place_of("172.32.0.0"), 5)
