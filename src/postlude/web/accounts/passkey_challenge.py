"""Challenges for passkeys: signed, of one form of one browser, answered once within ten minutes."""

import secrets
from hmac import compare_digest
from typing import Final

from itsdangerous import BadSignature, URLSafeTimedSerializer

from postlude.model.errors import NotPermittedError
from postlude.services.accounts.passkeys import challenge_in
from postlude.web.deps import WebDeps

_SECONDS: Final = 600


def new_challenge(deps: WebDeps, csrf: str) -> bytes:
    """A challenge for a form with this token."""
    return _serializer(deps).dumps([secrets.token_urlsafe(16), csrf]).encode()


def answered_challenge(deps: WebDeps, credential: str, csrf: str) -> bytes:
    """The challenge that was answered; NotPermittedError unless it was ours, of this form, and not used before."""
    challenge = challenge_in(credential)
    try:
        nonce, form = _serializer(deps).loads(challenge, max_age=_SECONDS)
    except (BadSignature, ValueError, TypeError):
        nonce, form = "", ""
    right = bool(csrf) and compare_digest(str(form).encode(), csrf.encode("utf-8", "replace"))
    if not right or not deps.accounts.challenges.take(nonce, deps.clock.now()):
        raise NotPermittedError("The page was open for too long. Load it again.")
    return challenge


def _serializer(deps: WebDeps) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(deps.secret, salt="postlude.passkey.1")
