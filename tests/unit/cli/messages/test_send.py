"""Which addresses `postlude send` takes from a file, and what it says of the others."""

import re
from pathlib import Path

import pytest

from postlude.cli.messages.send import _check
from postlude.model.errors import InputError


def test_addresses_in_any_script_and_on_this_network_are_taken() -> None:
    refused = []
    for address in ("bob@customer.example", "käthe@xn--mnchen-3ya.example", "root@localhost", '"a b"@customer.example'):
        try:
            _check(Path("offer.eml"), "alice@sender.example", [address])
        except InputError as error:
            refused.append(str(error))
    assert refused == []


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("root", "write it as name@example.com"),
        ("bob@customer..example", "look for a typing error after the @"),
        ("bob.@customer.example", "remove it, or quote it"),
        ("bob@[192.0.2.1]", "write the domain's name"),
    ],
)
def test_the_others_are_refused_with_the_remedy(address: str, remedy: str) -> None:
    with pytest.raises(InputError, match=re.escape(remedy)) as caught:
        _check(Path("offer.eml"), address, ["bob@customer.example"])
    assert address in str(caught.value)
