"""A person as another service has proven them: a provider of single sign-on, or a proxy that signs in."""

from typing import NamedTuple


class ProvenPerson(NamedTuple):
    """Who it is, by whose word."""

    issuer: str
    """Who proves it; a URL, or `proxy`."""
    subject: str
    """The issuer's own name for the person, which never changes."""
    address: str
    verified: bool
    """Whether the issuer says that the address is the person's."""
    name: str = ""


class SignInRequest(NamedTuple):
    """A sign-in that was begun at a provider, kept in the browser until it comes back."""

    url: str
    """Where the browser goes."""
    state: str
    nonce: str
    verifier: str
    """The secret of PKCE (RFC 7636)."""
