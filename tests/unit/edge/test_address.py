"""Visitors' addresses: the form that is kept, and which one it is behind proxies."""

from pathlib import Path

import pytest

from postlude.edge.address import AddressKeeper, Proxies
from postlude.edge.config import AddressForm

DAY = 86_400_000_000


def test_address_forms(tmp_path: Path) -> None:
    def kept(form: AddressForm, address: str, now: int = 0) -> str:
        return AddressKeeper(form, tmp_path / "key").keep(address, now)

    assert kept(AddressForm.FULL, "203.0.113.77") == "203.0.113.77"
    assert kept(AddressForm.NONE, "203.0.113.77") == ""
    assert kept(AddressForm.TRUNCATED, "203.0.113.77") == "203.0.113.0"
    assert kept(AddressForm.TRUNCATED, "::ffff:203.0.113.77") == "203.0.113.0"
    assert kept(AddressForm.TRUNCATED, "2001:db8:1:2:3::4") == "2001:db8:1::"
    assert kept(AddressForm.TRUNCATED, "unix") == ""
    first = kept(AddressForm.HASHED, "203.0.113.77")
    assert len(first) == 16
    assert kept(AddressForm.HASHED, "203.0.113.77") == first  # another edge with the same file
    assert kept(AddressForm.HASHED, "203.0.113.78") != first
    assert kept(AddressForm.HASHED, "203.0.113.77", DAY) != first
    assert kept(AddressForm.HASHED, "203.0.113.77", 0) != first  # the first day's key is gone


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("nonsense", "10.0.0.1"),
        ("198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.1"),
    ],
)
def test_forwarded_for(forwarded: str, expected: str) -> None:
    assert Proxies(["10.0.0.0/8"]).visitor("10.0.0.1", forwarded) == expected
    assert Proxies([]).visitor("10.0.0.1", forwarded) == "10.0.0.1"
