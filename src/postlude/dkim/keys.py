"""Signing keys and the DNS record of their public half (RFC 6376 3.6.1, RFC 8463 4)."""

from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from postlude.model.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHMS: Final = ("rsa", "ed25519")
RSA_BITS: Final = 2048  # RFC 8301 3.2; longer ones do not fit a UDP answer


class _Sign(Protocol):
    def __call__(self, data: bytes, /) -> bytes: ...


class DkimKey:
    """One private key under its selector."""

    def __init__(self, selector: str, private: "RSAPrivateKey | Ed25519PrivateKey") -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - 50 ms; most processes never sign

        self.selector: Final = selector
        self._private: Final = private
        self.algorithm: Final = "rsa" if isinstance(private, rsa.RSAPrivateKey) else "ed25519"
        self.name: Final = b"rsa-sha256" if self.algorithm == "rsa" else b"ed25519-sha256"
        """Value of the `a=` tag."""
        self.sign: Final[_Sign] = _signing(private)
        """The signature of the header data."""

    def record(self) -> str:
        """The TXT record at `SELECTOR._domainkey.DOMAIN`."""
        return f"v=DKIM1; k={self.algorithm}; p={b64encode(self.public()).decode('ascii')}"

    def public(self) -> bytes:
        """The public key as in the record."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above

        if self.algorithm == "rsa":
            return self._private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def pem(self) -> bytes:
        """The private key, not encrypted: PKCS 8."""
        from cryptography.hazmat.primitives import serialization as s  # noqa: PLC0415 - as above

        return self._private.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())


def new_key(algorithm: str, selector: str) -> DkimKey:
    """Make a key: `rsa` (2048 bits) or `ed25519`."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415 - as above

    if algorithm == "rsa":
        return DkimKey(selector, rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS))
    if algorithm == "ed25519":
        return DkimKey(selector, ed25519.Ed25519PrivateKey.generate())
    raise InputError(f"{algorithm!r} is not a DKIM algorithm; use {' or '.join(ALGORITHMS)}")


def read_key(pem: bytes, selector: str) -> DkimKey:
    """A key from PEM; InputError for anything that cannot sign DKIM."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(
            f"the key {selector} is not a private key in PEM form ({error}); restore it or make a new one"
        ) from error
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < 1024:  # noqa: PLR2004 - RFC 8301 3.2
            raise InputError(
                f"the key {selector} has {key.key_size} bits: receivers reject keys of less than 1024; use 2048"
            )
        return DkimKey(selector, key)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return DkimKey(selector, key)
    raise InputError(f"the key {selector} is neither RSA nor Ed25519")


def _signing(private: "RSAPrivateKey | Ed25519PrivateKey") -> _Sign:
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - as above

    if isinstance(private, rsa.RSAPrivateKey):
        padding, algorithm = PKCS1v15(), SHA256()
        return lambda data: private.sign(data, padding, algorithm)
    return lambda data: private.sign(sha256(data).digest())  # RFC 8463 3: Ed25519 over the hash
