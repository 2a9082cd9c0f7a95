"""How SendGrid signs: ECDSA over the time and the body, with a key pair of each webhook."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

EXPIRES = True
_HEADER = "X-Twilio-Email-Event-Webhook-"


def sign(payload: Any, now: int) -> tuple[dict[str, str], bytes, str]:
    body, private = json.dumps(payload).encode(), ec.generate_private_key(ec.SECP256R1())
    signature = private.sign(str(now).encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {_HEADER + "Signature": base64.b64encode(signature).decode(), _HEADER + "Timestamp": str(now)}
    return headers, body, _public(private)


def wrong_secret() -> str:
    return _public(ec.generate_private_key(ec.SECP256R1()))


def _public(private: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(private.public_key().public_bytes(serialization.Encoding.DER, form)).decode()
