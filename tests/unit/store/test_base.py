import pytest

from postlude.store.base import lookup_key, storable


@pytest.mark.parametrize(
    ("text", "stored"), [("plain", "plain"), ("Köln", "Köln"), ("a\ud800b", "a?b"), ("nul\0", "nul\ufffd"), ("", "")]
)
def test_every_text_is_made_such_that_every_store_takes_it(text: str, stored: str) -> None:
    assert storable(text) == stored


@pytest.mark.parametrize(
    ("address", "key"),
    [("Anna@Example.ORG", "anna@example.org"), ("a@BÜCHER.example", "a@xn--bcher-kva.example"), ("x\0@y", "x\ufffd@y")],
)
def test_an_address_is_looked_up_in_one_spelling(address: str, key: str) -> None:
    assert lookup_key(address) == key
