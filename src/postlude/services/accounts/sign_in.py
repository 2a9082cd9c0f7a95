"""Signing in with a password: throttled, and the same answer for every address that does not get in."""

from contextlib import suppress
from enum import StrEnum
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.sliding_limit import SlidingLimit
from postlude.model.domain_name import address_key
from postlude.model.errors import PostludeError
from postlude.services.accounts.passwords import PasswordsBusyError, hash_password, is_outdated, password_matches
from postlude.services.accounts.second_step import passes_second_step
from postlude.store import Store, User
from postlude.store.accounts.guesses import Guess

HOUR_S: Final = 3600
GUESSES_OF_ACCOUNT: Final = 30
"""Wrong passwords an hour against one account, from wherever."""
GUESSES_OF_NETWORK: Final = 300
"""Wrong passwords and codes an hour from one network, against all accounts."""
CODES_OF_ACCOUNT: Final = 10
"""Wrong codes an hour against one account, by who has its password: of a million codes three are right."""
_PLACES: Final = 10_000
_HOUR: Final = HOUR_S * MICROS_PER_SECOND
_LONGEST_ADDRESS: Final = 320
_NETWORK_BITS: Final = {4: 24, 6: 48}


class SignInOutcome(StrEnum):
    """What became of a try to sign in."""

    DONE = "done"
    CODE = "code"
    """The password is right; a code is asked for."""
    WRONG = "wrong"
    """Address, password or code is wrong. Which of them is not told."""
    THROTTLED = "throttled"
    BUSY = "busy"


class SignInTry(NamedTuple):
    """The outcome, and whose account it was when the password was right."""

    outcome: SignInOutcome
    user: User | None = None


class PasswordSignIn:
    """Checks passwords and codes for the process that serves the web app. Thread-safe.

    Accounts are counted by user and never forgotten; addresses without an account by address, so that both get the
    same answers. Right passwords do not count. Wrong ones of the last hour are in the state: a restart forgets none.
    """

    def __init__(self, store: Store, clock: Clock, secret: bytes = b"") -> None:
        """`secret` hides what was typed for an address and is none: it may be a password."""
        self._store: Final = store
        self._clock: Final = clock
        self._secret: Final = secret[:64]
        self._accounts: Final = SlidingLimit(GUESSES_OF_ACCOUNT, HOUR_S, None)
        self._strangers: Final = SlidingLimit(GUESSES_OF_ACCOUNT, HOUR_S, _PLACES)
        self._networks: Final = SlidingLimit(GUESSES_OF_NETWORK, HOUR_S, _PLACES)
        self._codes: Final = SlidingLimit(CODES_OF_ACCOUNT, HOUR_S, None)
        self._limits: Final = {
            "account": self._accounts,
            "stranger": self._strangers,
            "network": self._networks,
            "code": self._codes,
        }
        for one in store.accounts.list_guesses(clock.now() - _HOUR):
            if one.limit in self._limits:
                self._limits[one.limit].take(one.key, one.at)

    def password(self, address: str, password: str, peer: str) -> SignInTry:
        """Try to sign in from the network address `peer`."""
        typed = address.strip()[:_LONGEST_ADDRESS]
        user = self._store.accounts.user_by_address(typed)
        if user is None:
            return self._guess("stranger", self._hidden(address_key(typed)), None, password, peer)
        return self._guess("account", str(user.id), user, password, peer)

    def _hidden(self, typed: str) -> str:
        text = typed.encode("utf-8", "replace")
        return blake2b(text, key=self._secret, digest_size=16, person=b"stranger").hexdigest()

    def confirm(self, user: User, password: str, peer: str) -> SignInOutcome:
        """Whether who is signed in as `user` knows the password; DONE for a user who has none."""
        if not self._store.accounts.credentials(user.id).password:
            return SignInOutcome.DONE
        found = self._guess("account", str(user.id), user, password, peer)
        return SignInOutcome.DONE if found.outcome is SignInOutcome.CODE else found.outcome

    def _guess(self, limit: str, key: str, user: User | None, password: str, peer: str) -> SignInTry:
        now, network, accounts = self._clock.now(), network_of(peer), self._limits[limit]
        if not self._networks.take(network, now):
            return SignInTry(SignInOutcome.THROTTLED)
        if not accounts.take(key, now):
            self._networks.give_back(network, now)  # nothing was guessed
            return SignInTry(SignInOutcome.THROTTLED)
        try:
            found = self._checked(user, password)
        except PasswordsBusyError:
            found = SignInTry(SignInOutcome.BUSY)
        if found.outcome is not SignInOutcome.WRONG:
            self._networks.give_back(network, now)
            accounts.give_back(key, now)
        else:
            self._remember(Guess("network", network, now), Guess(limit, key, now))
        return found

    def _remember(self, *made: Guess) -> None:
        """For the next start; what cannot be written is counted all the same until this process ends."""
        with suppress(PostludeError):
            self._store.accounts.add_guesses(made, made[0].at - _HOUR)

    def _checked(self, user: User | None, password: str) -> SignInTry:
        known = None if user is None else self._store.accounts.credentials(user.id)
        right = password_matches(password, known.password if known else "")
        if not right or user is None or known is None or user.disabled_at is not None:
            return SignInTry(SignInOutcome.WRONG)
        if is_outdated(known.password):
            self._store.accounts.rehash_password(user.id, known.password, hash_password(password))
        return SignInTry(SignInOutcome.DONE if known.totp is None else SignInOutcome.CODE, user)

    def code(self, user: User, code: str, peer: str) -> SignInOutcome:
        """Whether `code`, or this recovery code, completes signing in as `user`, whose password was right."""
        now, network = self._clock.now(), network_of(peer)
        if not self._networks.take(network, now):
            return SignInOutcome.THROTTLED
        key = str(user.id)
        if not self._codes.take(key, now):
            self._networks.give_back(network, now)
            return SignInOutcome.THROTTLED
        if not passes_second_step(self._store, self._clock, user, code):
            self._remember(Guess("network", network, now), Guess("code", key, now))
            return SignInOutcome.WRONG
        self._networks.give_back(network, now)
        self._codes.give_back(key, now)
        return SignInOutcome.DONE

    def forget(self, user: User) -> None:
        """Begin anew with an account whose password was just set by its owner."""
        self._accounts.forget(str(user.id))
        self._store.accounts.forget_guesses("account", str(user.id))


def network_of(peer: str) -> str:
    """The network of an address: /24 or /48, what one customer of a provider has at least at hand."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return str(ip_network((address, _NETWORK_BITS[address.version]), strict=False))
