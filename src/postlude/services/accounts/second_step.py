"""The second step of signing in: codes of an authenticator program (RFC 6238) and recovery codes."""

import hmac
import secrets
from base64 import b32encode
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import InputError
from postlude.store import Store, User

ISSUER: Final = "Postlude"
RECOVERY_CODES: Final = 10
_SECRET_BYTES: Final = 20  # RFC 4226, section 4: as long as the hash
_STEP_S: Final = 30
_DIGITS: Final = 6
_BESIDE: Final = (-1, 0, 1)  # steps that are accepted: clocks differ, and typing takes time
_RECOVERY_BYTES: Final = 10  # 80 bits: a fast hash is enough, since 2^80 codes cannot be tried


def offer_second_step(store: Store, user: User) -> str:
    """A new secret for an authenticator program, in base32; nothing is asked for before `begin_second_step`."""
    if not store.accounts.credentials(user.id).password:
        raise InputError("A second step follows a password. Set a password first.")
    secret = secrets.token_bytes(_SECRET_BYTES)
    store.accounts.offer_totp(user.id, secret)
    return secret_text(secret)


def begin_second_step(store: Store, clock: Clock, user: User, code: str) -> tuple[str, ...]:
    """Ask for a code from now on: `code` proves that the program has the secret. The recovery codes, shown once."""
    secret = store.accounts.credentials(user.id).totp_offered
    step = None if secret is None else _matching_step(secret, clock.now(), code)
    if secret is None or step is None:
        raise InputError("The code does not match. Is the clock of the phone right? Enter the code it shows now.")
    codes = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    if not store.accounts.confirm_totp(user.id, secret, step, tuple(map(_recovery_hash, codes))):
        raise InputError("Another code was being set up at the same time. Begin again.")
    return codes


def end_second_step(store: Store, user: User) -> None:
    """Ask for no code any more; recovery codes end with it."""
    store.accounts.drop_totp(user.id)


def renew_recovery_codes(store: Store, user: User) -> tuple[str, ...]:
    """New recovery codes, shown once; the old ones end."""
    if store.accounts.credentials(user.id).totp is None:
        raise InputError("Recovery codes belong to the second step, which is not on.")
    codes = tuple(_new_recovery_code() for _ in range(RECOVERY_CODES))
    store.accounts.put_recovery(user.id, tuple(map(_recovery_hash, codes)))
    return codes


def passes_second_step(store: Store, clock: Clock, user: User, code: str) -> bool:
    """Whether `code` is one of the program's or a recovery code. Each works once."""
    secret = store.accounts.credentials(user.id).totp
    if secret is None:
        return False
    step = _matching_step(secret, clock.now(), code)
    if step is not None:
        return store.accounts.use_totp_step(user.id, step)
    return store.accounts.use_recovery(user.id, _recovery_hash(code))


def secret_text(secret: bytes) -> str:
    """A secret as people type it into an authenticator program."""
    return b32encode(secret).decode()


def secret_url(user: User, secret: str) -> str:
    """The URL that authenticator programs read."""
    label = quote(f"{ISSUER}:{user.address}")
    return f"otpauth://totp/{label}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={_DIGITS}&period={_STEP_S}"


def totp_code(secret: bytes, at: int) -> str:
    """The code that a program shows at a time in microseconds."""
    return TOTP(secret, _DIGITS, SHA1(), _STEP_S).generate(at // MICROS_PER_SECOND).decode()  # noqa: S303 - RFC 6238


def _matching_step(secret: bytes, now: int, code: str) -> int | None:
    typed = "".join(code.split())
    now_step = now // MICROS_PER_SECOND // _STEP_S
    if len(typed) != _DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    for step in (now_step + beside for beside in _BESIDE):
        right = totp_code(secret, step * _STEP_S * MICROS_PER_SECOND)
        if hmac.compare_digest(right.encode(), typed.encode()):
            return step
    return None


def _new_recovery_code() -> str:
    text = b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def _recovery_hash(code: str) -> str:
    plain = "".join(code.split()).replace("-", "").lower()
    return blake2b(plain.encode("utf-8", "replace"), digest_size=16, person=b"recovery-code").hexdigest()
