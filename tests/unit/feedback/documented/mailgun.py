"""How Mailgun signs: HMAC-SHA256 of time and token, inside the payload; the rest of the body is not signed."""

import hashlib
import hmac
import json
from typing import Any

EXPIRES = True


def sign(payload: Any, now: int) -> tuple[dict[str, str], bytes, str]:
    signature = hmac.new(b"key", f"{now}token".encode(), hashlib.sha256).hexdigest()
    payload = {"signature": {"timestamp": str(now), "token": "token", "signature": signature}, **payload}
    return {}, json.dumps(payload).encode(), "key"


def tampered(body: bytes) -> bytes:
    return body.replace(b"token", b"tokem", 2)
