"""Settings of senders: an address goes before its domain."""

import pytest

from postlude.model.errors import InputError
from postlude.model.words import IfIndeterminate
from postlude.services.accounts.sender_settings import if_indeterminate, sender_settings, set_if_indeterminate
from postlude.store import Store

TWICE, NEVER = IfIndeterminate.RATHER_TWICE, IfIndeterminate.NEVER_TWICE


def test_an_address_goes_before_its_domain(store: Store) -> None:
    set_if_indeterminate(store, "example.org", TWICE)
    assert set_if_indeterminate(store, "Anna <Anna@Example.org>", NEVER) == "anna@example.org"
    assert if_indeterminate(store, "anna@example.ORG") is NEVER
    assert if_indeterminate(store, "bob@example.org") is TWICE
    assert if_indeterminate(store, "bob@sub.example.org") is NEVER
    assert sender_settings(store) == {"anna@example.org": NEVER, "example.org": TWICE}
    set_if_indeterminate(store, "anna@example.org", None)
    assert if_indeterminate(store, "anna@example.org") is TWICE


@pytest.mark.parametrize("text", ["", "anna", "anna@", "a@example.org, b@example.org"])
def test_what_is_no_sender_is_refused(store: Store, text: str) -> None:
    with pytest.raises(InputError):
        set_if_indeterminate(store, text, TWICE)
