"""Users' default tracking policies, as messages and campaigns are compiled with them."""

from time import monotonic
from typing import Final, NamedTuple, Protocol

from postlude.instrument import Policy, utm_parameters
from postlude.services.accounts.preferences import get_preferences
from postlude.store import Store

_FRESH_SECONDS: Final = 1.0


class SigningDomains(Protocol):
    """The domains whose mail is signed."""

    def __call__(self) -> tuple[str, ...]:
        """As they are now; cheap."""
        ...


class _Known(NamedTuple):
    until: float
    policy: Policy


class Policies:
    """A `PolicyOf`; a change is noticed within a second."""

    def __init__(self, store: Store, signing_domains: SigningDomains, *, sandbox: bool) -> None:
        self._store: Final = store
        self._signing_domains: Final = signing_domains
        self._sandbox: Final = sandbox
        self._known: Final[dict[int, _Known]] = {}

    def __call__(self, user: int) -> Policy:
        """The user's policy."""
        known = self._known.get(user)
        if known is None or monotonic() > known.until:
            known = self._known[user] = _Known(monotonic() + _FRESH_SECONDS, self._read(user))
        return known.policy

    def _read(self, user: int) -> Policy:
        wanted = get_preferences(self._store, user, sandbox=self._sandbox)
        return Policy(
            opens=wanted.opens,
            clicks=wanted.clicks,
            text=wanted.text,
            exclude=wanted.exclude,
            unsubscribe=wanted.unsubscribe,
            view=wanted.view,
            utm=utm_parameters(wanted.utm),
            signing_domains=self._signing_domains(),
        )
