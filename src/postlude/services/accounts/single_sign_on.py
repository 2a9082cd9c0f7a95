"""Whose account it is that another service has proven a person for: invited ones only, or of a domain of ours."""

from collections.abc import Sequence
from typing import Final

from postlude.kit.clock import Clock
from postlude.model.domain_name import address_key
from postlude.model.errors import NotPermittedError, PostludeError
from postlude.model.proven_person import ProvenPerson
from postlude.model.role import Role
from postlude.services.accounts.users import add_user
from postlude.store import Store, User

_UNINVITED: Final = "There is no account for this address here. An owner or admin can invite you under People."


class SingleSignOn:
    """Finds the account of a proven person, once by the address and from then on by the issuer's own name for them.

    An address that is given to another person later does not bring the account along.
    """

    def __init__(self, store: Store, clock: Clock, domains: Sequence[str] = (), role: Role = Role.MEMBER) -> None:
        """`domains`: whose addresses get an account by themselves, with this `role`."""
        self._store: Final = store
        self._clock: Final = clock
        self._domains: Final = frozenset(address_key(f"a@{domain}").partition("@")[2] for domain in domains)
        self._role: Final = role

    def user_of(self, person: ProvenPerson) -> User:
        """The account; NotPermittedError for who has none and gets none."""
        known = self._store.accounts.identity_user(person.issuer, person.subject)
        user = known if known is not None else self._by_address(person)
        if user.disabled_at is not None:
            raise NotPermittedError(_UNINVITED)
        return user

    def _by_address(self, person: ProvenPerson) -> User:
        if not person.address or not person.verified:
            raise NotPermittedError("The provider does not say that your email address is verified.")
        user = self._store.accounts.user_by_address(person.address)
        if user is None:
            user = self._new(person)
        if not self._store.accounts.put_identity(person.issuer, person.subject, user.id, self._clock.now()):
            raise NotPermittedError(
                "This account belongs to another person of the same provider. The operator can end that: "
                "`postlude user forget-sign-on ADDRESS`"
            )
        return user

    def _new(self, person: ProvenPerson) -> User:
        if address_key(person.address).rpartition("@")[2] not in self._domains:
            raise NotPermittedError(_UNINVITED)
        try:
            return add_user(self._store, self._clock, person.address, person.name[:200], role=self._role)
        except PostludeError as error:
            raise NotPermittedError(_UNINVITED) from error


def forget_sign_ons(store: Store, user: User) -> int:
    """Forget as whom providers know a user: the next one who proves the address comes in. How many."""
    return store.accounts.forget_identities(user.id)
