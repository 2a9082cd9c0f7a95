"""Which keys a domain gets."""

from postlude.dkim import new_key
from postlude.services.domains.signing_keys import NewKey, missing_keys

NOVEMBER = 1_796_000_000_000_000


def test_a_new_domain_gets_every_key_named_by_its_month() -> None:
    wanted = missing_keys([], ("rsa", "ed25519"), NOVEMBER)
    assert wanted == [NewKey("rsa", "pl202611r"), NewKey("ed25519", "pl202611e")]


def test_keys_that_are_there_stay() -> None:
    there = [new_key("ed25519", "mine")]
    assert missing_keys(there, ("rsa", "ed25519"), NOVEMBER) == [NewKey("rsa", "pl202611r")]
