"""Whose account a proven person gets."""

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.errors import NotPermittedError
from postlude.model.proven_person import ProvenPerson
from postlude.model.role import Role
from postlude.services.accounts.single_sign_on import SingleSignOn
from postlude.store import Store

CLOCK = SystemClock()


def _person(address: str, subject: str = "7", *, verified: bool = True) -> ProvenPerson:
    return ProvenPerson("https://a.example", subject, address, verified, "Some Name")


def test_a_domain_is_meant_in_every_spelling_and_without_what_is_below_it(store: Store) -> None:
    sign_on = SingleSignOn(store, CLOCK, ["München.example"], Role.VIEWER)
    assert sign_on.user_of(_person("a@XN--MNCHEN-3YA.example", "1")).role is Role.VIEWER
    for number, address in enumerate(
        ("a@sub.münchen.example", "a@münchen.example.org", "a@münchen.example@evil.example")
    ):
        with pytest.raises(NotPermittedError):
            sign_on.user_of(_person(address, f"other {number}"))


def test_an_owner_is_not_made_by_a_domain(store: Store) -> None:
    store.accounts.create_user("owner@b.example", "", (), 1, Role.OWNER)
    sign_on = SingleSignOn(store, CLOCK, ["b.example"])
    assert sign_on.user_of(_person("new@b.example", "1")).role is Role.MEMBER
    assert sign_on.user_of(_person("owner@b.example", "2")).role is Role.OWNER, "who was one before stays one"


@pytest.mark.parametrize("person", [_person(""), _person("a@b.example", verified=False)])
def test_an_address_has_to_be_proven(store: Store, person: ProvenPerson) -> None:
    with pytest.raises(NotPermittedError, match="verified"):
        SingleSignOn(store, CLOCK, ["b.example"]).user_of(person)
    assert store.accounts.list_users() == []
