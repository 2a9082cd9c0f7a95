"""Dependencies of the web app, from the composition root."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import Depends, Request

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.kit.clock import Clock
from postlude.kit.sliding_limit import SlidingLimit
from postlude.model.listen_address import ListenAddress
from postlude.model.proven_person import ProvenPerson, SignInRequest
from postlude.services.accounts.account_mail import PasswordResets, SendAccountMail
from postlude.services.accounts.passkeys import Passkeys
from postlude.services.accounts.preferences import UserPreferences
from postlude.services.accounts.sign_in import PasswordSignIn
from postlude.services.accounts.single_sign_on import SingleSignOn
from postlude.services.campaigns.content import Contents
from postlude.services.change_feed import Subscribable
from postlude.services.domains.dns_records import RecordCheck
from postlude.services.health import Health
from postlude.services.messages.accept import Submit
from postlude.services.ports import Append, ConfirmUrl, HasKey, SpooledMail, Wake
from postlude.services.reports.messages import Reports
from postlude.store import Store
from postlude.store.accounts.rows import User
from postlude.tokens import TokenCodec


@dataclass(frozen=True)
class RelayInfo:
    """Settings for a mail client."""

    host: str
    port: int
    starttls: bool = False


class SendingDomains(Protocol):
    """Domains with DKIM keys, and their DNS records."""

    def names(self) -> tuple[str, ...]:
        """All domains with keys."""
        ...

    def check(self, domain: str) -> list[RecordCheck]:
        """Ask DNS for every record; takes seconds when it does not answer."""
        ...


class SendingForecast(Protocol):
    """Forecast for this many copies under the servers' limits."""

    def __call__(self, copies: int, /) -> str:
        """One sentence; empty when nothing limits."""
        ...


class RedeemSignIn(Protocol):
    """Takes a sign-in token back, once."""

    def __call__(self, token: str, /) -> User | None:
        """None when it is unknown, used or too old."""
        ...


class NewAppPassword(Protocol):
    """Makes a password for one program."""

    def __call__(self, user: User, label: str, purpose: str, /) -> str:
        """The password, shown only now; `purpose` as `services.accounts.users.new_app_password` takes it."""
        ...


class GetPreferences(Protocol):
    """Reads a user's preferences."""

    def __call__(self, user: int, /) -> UserPreferences:
        """The defaults where nothing was chosen."""
        ...


class PutPreferences(Protocol):
    """Stores a user's preferences."""

    def __call__(self, user: int, preferences: UserPreferences, /) -> None:
        """Durable when it returns; InputError."""
        ...


class HealthOf(Protocol):
    """Health of the running process."""

    def __call__(self) -> Health:
        """Cheap: called for every page."""
        ...


@dataclass(frozen=True)
class ContactParts:
    """Dependencies of the contact pages besides the store."""

    uploads: Path
    """Folder where uploaded files wait for their import."""
    wake: Wake
    """Signal that an import waits."""
    confirm_url: ConfirmUrl
    """URL where a contact confirms a subscription: takes list and contact."""


@dataclass(frozen=True)
class CampaignTools:
    """Dependencies of the campaign pages besides the store."""

    contents: Contents
    files: Path
    """Folder of hosted files."""
    has_key: HasKey
    """Whether mail from a domain gets a DKIM signature."""
    forecast: SendingForecast
    """Forecast for this many copies under the servers' limits; empty without limits."""


@dataclass(frozen=True)
class TrustedHeader:
    """The header in which a proxy names who it signed in."""

    name: str
    proxies: tuple[IPv4Network | IPv6Network, ...]


class SignInProvider(Protocol):
    """A provider of single sign-on."""

    def begin(self) -> SignInRequest:
        """A new sign-in; TransportError."""
        ...

    def finish(self, code: str, issuer: str, request: SignInRequest) -> ProvenPerson:
        """Who signed in; NotPermittedError, TransportError."""
        ...


@dataclass(frozen=True)
class AccountParts:
    """What signing in needs: it counts guesses, so there is one of it."""

    sign_in: PasswordSignIn
    resets: PasswordResets
    send: SendAccountMail
    sign_on: SingleSignOn
    passkeys: Passkeys
    challenges: SlidingLimit
    """Each answered once."""
    provider: SignInProvider | None = None
    provider_name: str = ""
    trusted: TrustedHeader | None = None


@dataclass(frozen=True)
class WebDeps:
    """The parts, already open. The web app closes none of them."""

    store: Store
    reports: Reports
    changes: Subscribable
    clock: Clock
    codec: TokenCodec
    submit: Submit
    append: Append
    """Stores an observation; returns when it is durable."""
    redeem: RedeemSignIn
    """Takes a sign-in token back, once; None when it is unknown, used or too old."""
    new_app_password: NewAppPassword
    get_preferences: GetPreferences
    put_preferences: PutPreferences
    health: HealthOf
    secret: bytes
    """Signs session cookies; at least 32 bytes, the same across restarts."""
    public_url: str
    edge_url: str
    relay: RelayInfo
    inbound: ListenAddress
    """The server for mail that comes back, for the sandbox's buttons."""
    returned_mail: SpooledMail
    """A mail that came back, as it came; NotFoundError."""
    domains: SendingDomains
    campaigns: CampaignTools
    accounts: AccountParts
    earlier_secret: bytes = b""
    """Signed the session cookies before `secret`, which go on; empty: none does."""
    contacts: ContactParts | None = None
    """None: no pages of contacts."""
    outbox: SandboxOutbox | None = None
    """The sandbox's mailbox; None when mail goes out to a real server."""
    streams: Counter[int] = field(default_factory=Counter)
    """Open event streams, by user."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set it before the server is stopped: open event streams end at once."""


def _deps(request: Request) -> WebDeps:
    deps: WebDeps = request.app.state.deps
    return deps


Deps = Annotated[WebDeps, Depends(_deps)]
