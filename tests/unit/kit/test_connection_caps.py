from ipaddress import ip_network

import pytest

from postlude.kit.connection_caps import ConnectionCap, ConnectionCaps


def test_an_address_has_its_share() -> None:
    caps = ConnectionCaps(10, 2)
    assert [caps.enter("192.0.2.1") for _ in range(3)] == [None, None, ConnectionCap.ADDRESS]


def test_other_addresses_are_not_touched_by_one_that_has_its_share() -> None:
    caps = ConnectionCaps(10, 1)
    caps.enter("192.0.2.1")
    assert caps.enter("192.0.2.2") is None


def test_the_listener_as_a_whole_has_a_cap() -> None:
    caps = ConnectionCaps(2, 2)
    caps.enter("192.0.2.1")
    caps.enter("192.0.2.2")
    assert caps.enter("192.0.2.3") is ConnectionCap.TOTAL


def test_who_leaves_makes_room() -> None:
    caps = ConnectionCaps(1, 1)
    caps.enter("192.0.2.1")
    caps.leave("192.0.2.1")
    assert caps.enter("192.0.2.1") is None


def test_who_was_refused_is_not_counted() -> None:
    caps = ConnectionCaps(10, 1)
    caps.enter("192.0.2.1")
    caps.enter("192.0.2.1")
    caps.leave("192.0.2.1")
    assert caps.count == 0


def test_all_addresses_of_an_ipv6_site_are_one() -> None:
    caps = ConnectionCaps(10, 1)
    caps.enter("2001:db8::1")
    assert caps.enter("2001:db8::ffff") is ConnectionCap.ADDRESS
    assert caps.enter("2001:db8:0:1::1") is None


def test_an_ipv4_address_is_the_same_written_as_ipv6() -> None:
    caps = ConnectionCaps(10, 1)
    caps.enter("192.0.2.1")
    assert caps.enter("::ffff:192.0.2.1") is ConnectionCap.ADDRESS


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "", "local"])
def test_proxies_and_local_sockets_have_no_share(address: str) -> None:
    caps = ConnectionCaps(10, 1, [ip_network("10.0.0.0/8")])
    caps.enter(address)
    assert caps.enter(address) is None


def test_nothing_is_remembered_of_who_is_gone() -> None:
    caps = ConnectionCaps(10, 1)
    for number in range(1000):
        caps.enter(f"192.0.2.{number % 250}")
        caps.leave(f"192.0.2.{number % 250}")
    assert not caps._by_site
