"""How MailerSend signs: HMAC-SHA256 of the body."""

import hashlib
import hmac
import json
from typing import Any


def sign(payload: Any, now: int) -> tuple[dict[str, str], bytes, str]:
    del now
    body = json.dumps(payload).encode()
    return {"Signature": hmac.new(b"key", body, hashlib.sha256).hexdigest()}, body, "key"
