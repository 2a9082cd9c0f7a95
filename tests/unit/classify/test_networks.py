from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.classify import BUNDLED, NetworkList, Networks, network_facts, read_list


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("66.249.84.1", "google"),
        ("108.177.2.32", "google"),
        ("104.28.30.11", "apple_egress"),
        ("2a02:26f7:b000::1", "apple_egress"),
        ("40.94.16.10", "microsoft_filtering"),
        ("::ffff:209.222.80.1", "barracuda"),
        ("207.211.30.200", "mimecast"),
        ("8.8.8.8", ""),
        ("17.57.1.1", ""),  # Apple's own offices and servers are no egress
        ("unix", ""),
    ],
)
def test_whose_network_it_is(address: str, network: str) -> None:
    facts = network_facts(address)
    assert facts.get("network", "") == network
    assert ("lists_date" in facts) is bool(network)


_NETWORKS = st.builds(
    lambda number, bits: str(ip_network((number << 24 | 0x0A0000, bits), strict=False)),
    st.integers(0, 5),
    st.integers(4, 32),
)


@given(st.lists(st.tuples(st.sampled_from("abc"), _NETWORKS), max_size=12), st.integers(0, 6 << 24))
def test_the_narrowest_network_wins_whatever_contains_what(rows: list[tuple[str, str]], number: int) -> None:
    unique = {network: name for name, network in rows}
    lists = [NetworkList(name, "d", "", tuple(n for n, owner in unique.items() if owner == name)) for name in "abc"]
    found = Networks(lists).facts(str(ip_address(number))).get("network", "")
    around = [ip_network(text) for text in unique if ip_address(number) in ip_network(text)]
    assert found == (unique[str(max(around, key=lambda network: network.prefixlen))] if around else "")


def test_a_list_as_a_file() -> None:
    text = "# date: 2026-10-01\n# source: somewhere\n\n"
    text += "192.0.2.0/24,DE,BE,Berlin,\n198.51.100.7  # one host\n2001:db8::/33\n"
    read = read_list("apple_egress", text)
    assert read == NetworkList(
        "apple_egress", "2026-10-01", "somewhere", ("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/33")
    )
    with pytest.raises(ValueError, match="line 2"):
        read_list("x", "192.0.2.0/24\n<html>")


def test_bundled_lists_say_when_and_from_where() -> None:
    for one in BUNDLED:
        assert len(one.date) == 10
        assert one.source
        assert [str(ip_network(text)) for text in one.networks] == list(one.networks)
