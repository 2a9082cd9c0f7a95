"""How Resend signs: Standard Webhooks, HMAC-SHA256 of id, time and body."""

import base64
import hashlib
import hmac
import json
from typing import Any

EXPIRES = True


def sign(payload: Any, now: int) -> tuple[dict[str, str], bytes, str]:
    body = json.dumps(payload).encode()
    mac = hmac.new(b"secret-secret", b"msg_1." + str(now).encode() + b"." + body, hashlib.sha256).digest()
    headers = {"svix-id": "msg_1", "svix-timestamp": str(now)}
    headers["svix-signature"] = "v1,AAAA v1," + base64.b64encode(mac).decode()
    return headers, body, "whsec_" + base64.b64encode(b"secret-secret").decode()
