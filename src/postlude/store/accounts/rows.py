"""Users and app passwords as plain data."""

from typing import NamedTuple

import msgspec

from postlude.model.api_scope import ApiScope
from postlude.model.role import Permission, Role, permitted


class User(msgspec.Struct, frozen=True):
    """A user who sends mail through this server."""

    id: int
    address: str
    name: str = ""
    senders: tuple[str, ...] = ()
    """Further From addresses of this login: exact ones or patterns such as `*@example.org`."""
    created_at: int = 0
    limits: dict[str, int] | None = None
    """Limits that differ from the settings: `recipients_per_day` ... -> number, 0 for none."""
    sessions_from: int | None = None
    """Web sessions that began before this time have ended."""
    disabled_at: int | None = None
    """When the user was disabled: nothing of theirs signs in or sends any more."""
    role: Role = Role.MEMBER

    @property
    def may_send(self) -> bool:
        """Whether mail of this user is accepted and leaves."""
        return self.disabled_at is None and permitted(self.role, Permission.WRITE)


class AppPassword(msgspec.Struct, frozen=True):
    """A password made by us for one program; only its hash is stored."""

    id: int
    user: int
    label: str
    created_at: int
    last_used_at: int | None = None
    purpose: str = ""
    """A `MessagePurpose` of what is sent with it and says none itself; empty: as the message looks."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of a program for the HTTP API, without its secret."""

    id: int
    user: int
    label: str = ""
    start: str = ""
    """Its first characters, to tell keys apart."""
    scopes: tuple[ApiScope, ...] = ()
    senders: tuple[str, ...] = ()
    """Addresses and patterns it may send as; empty: all that its user may."""
    created_at: int = 0
    last_used_at: int | None = None
    ends_at: int | None = None
    """From then on it is refused; None: it does not end by itself."""


class Credentials(msgspec.Struct, frozen=True):
    """How a user signs in to the web app besides links."""

    user: int
    password: str = ""
    """Its hash, argon2id in PHC's form; empty: none."""
    password_at: int | None = None
    totp: bytes | None = None
    """The secret of the second step; None: there is none."""
    totp_offered: bytes | None = None
    """A secret that was shown and not confirmed yet."""
    totp_step: int = 0
    """The newest time step whose code was used."""
    recovery: tuple[str, ...] = ()
    """Hashes of the recovery codes that are left."""


class WebSession(msgspec.Struct, frozen=True):
    """A browser that is signed in."""

    session: str
    user: int
    began: int
    seen: int
    """When it last asked for a page, to about ten minutes."""
    address: str = ""
    program: str = ""
    """What the browser calls itself."""
    how: str = ""
    """How it signed in; empty for sessions older than this list."""


class Passkey(msgspec.Struct, frozen=True):
    """The public half of a key pair in a user's device."""

    id: str
    user: int
    public_key: bytes
    label: str
    created_at: int
    last_used_at: int | None = None
    signs: int = 0
    """How often it has signed, as it says; 0: it does not count."""


class AuditEntry(msgspec.Struct, frozen=True):
    """One act, as the audit log has it."""

    at: int
    who: str
    """The address of a user, or the account on the server; empty: not signed in."""
    via: str
    """`web` or `cli`."""
    act: str
    """As the command is called that does the same: `user role`."""
    what: str = ""
    """What it was done to; never a secret."""
    origin: str = ""
    """The network address."""
    outcome: str = ""
    """Empty: done."""
    id: int = 0


class PasswordUser(NamedTuple):
    """Whose app password it is."""

    user: User
    purpose: str
    """Of what is sent with it."""


class PasswordHash(NamedTuple):
    """The hash of one app password."""

    user: int
    hashed: bytes
    purpose: str
    """Of what is sent with it."""
