"""Passkeys (WebAuthn): a key in a phone, computer or stick that signs in without a password.

The device asks for finger, face or PIN (user verification), so a passkey is both steps at once. Which account it is
comes from the passkey: no address is asked for, and none is told.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from postlude.kit.clock import Clock
from postlude.model.errors import InputError, NotFoundError, NotPermittedError
from postlude.store import Store, User
from postlude.store.accounts.rows import Passkey

MOST: Final = 20
"""Passkeys of one user."""
_TIMEOUT_MS: Final = 300_000
_ALGORITHMS: Final = (-7, -8, -257)  # ES256, EdDSA, RS256 (IANA, COSE)
_LABEL: Final = 80
_REFUSED: Final = "This passkey does not sign in here. Was it removed? Use another way to sign in."


class Passkeys:
    """Passkeys for the web app at one URL: a browser uses them there alone, so no other site can ask for them."""

    def __init__(self, store: Store, clock: Clock, web: str) -> None:
        self._store: Final = store
        self._clock: Final = clock
        parts = urlsplit(web)
        self._origin: Final = f"{parts.scheme}://{parts.netloc}"
        self._host: Final = parts.hostname or ""
        self.possible: Final = not _is_number(self._host) and (parts.scheme == "https" or self._host == "localhost")
        """Whether browsers allow them: they want https and a name, or localhost."""

    def registration(self, user: User, challenge: bytes) -> str:
        """What a browser makes a passkey by, as JSON (WebAuthn, `PublicKeyCredentialCreationOptionsJSON`)."""
        known = [{"type": "public-key", "id": one.id} for one in self._store.accounts.list_passkeys(user.id)]
        options = {
            "rp": {"id": self._host, "name": "Postlude"},
            "user": {"id": _handle(user), "name": user.address, "displayName": user.name or user.address},
            "challenge": _text(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in _ALGORITHMS],
            "timeout": _TIMEOUT_MS,
            "excludeCredentials": known,
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": True,
                "userVerification": "required",
            },
            "attestation": "none",
        }
        return json.dumps(options)

    def request(self, challenge: bytes) -> str:
        """What a browser signs in by, as JSON; it offers the passkeys it has for us."""
        options = {"rpId": self._host, "challenge": _text(challenge), "timeout": _TIMEOUT_MS}
        return json.dumps(options | {"allowCredentials": [], "userVerification": "required"})

    def register(self, user: User, credential: str, challenge: bytes, label: str) -> None:
        """Take over a new passkey, as the browser made it; InputError."""
        from webauthn import verify_registration_response  # noqa: PLC0415 - 6 MB, for who has passkeys
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - as above

        if len(self._store.accounts.list_passkeys(user.id)) >= MOST:
            raise InputError(f"You have {MOST} passkeys. Remove one first.")
        try:
            made = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise InputError(f"The browser made no passkey that works here ({error}).") from error
        passkey = Passkey(
            _text(made.credential_id),
            user.id,
            made.credential_public_key,
            label.strip()[:_LABEL] or "Passkey",
            self._clock.now(),
            signs=made.sign_count,
        )
        if not self._store.accounts.add_passkey(passkey):
            raise InputError("This passkey is known already.")

    def user_of(self, credential: str, challenge: bytes) -> User:
        """Whose passkey has signed the challenge; NotPermittedError."""
        from webauthn import verify_authentication_response  # noqa: PLC0415 - 6 MB, for who has passkeys
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - as above

        try:
            given = json.loads(credential)
            passkey = self._store.accounts.passkey(str(given["id"]))
            if passkey is None:
                raise NotPermittedError(_REFUSED)
            user = self._store.accounts.user(passkey.user)
            if user.disabled_at is not None or given["response"].get("userHandle") not in {None, _handle(user)}:
                raise NotPermittedError(_REFUSED)
            proven = verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.signs,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, NotFoundError) as error:
            raise NotPermittedError(_REFUSED) from error
        # Its count only grows; another one at the same time may be a copy of the passkey.
        if not self._store.accounts.use_passkey(passkey, proven.new_sign_count, self._clock.now()):
            raise NotPermittedError(_REFUSED)
        return user


def challenge_in(credential: str) -> bytes:
    """The challenge that a browser says it has signed; empty for what is none. It proves nothing yet."""
    try:
        data = json.loads(_bytes(json.loads(credential)["response"]["clientDataJSON"]))
        return _bytes(data["challenge"])
    except (ValueError, TypeError, KeyError, Base64Error, RecursionError):
        return b""


def remove_passkey(store: Store, user: User, wanted: str) -> None:
    """Forget a passkey of `user`; NotFoundError when it is not theirs."""
    if not store.accounts.delete_passkey(user.id, wanted):
        raise NotFoundError(f"{user.address} has no such passkey")


def _handle(user: User) -> str:
    return _text(user.id.to_bytes(8, "big", signed=True))


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: Any) -> bytes:  # noqa: ANN401 - JSON
    return urlsafe_b64decode(f"{text}==")
