"""How each provider signs a call, with keys made here."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from postlude.feedback import refusals
from postlude.feedback.text_rules import first_rule

NOW = 1_700_000_000
Signed = tuple[dict[str, str], bytes, str]
"""Headers, body and the secret it is proven with."""


@pytest.fixture(scope="session", autouse=True)
def lists_are_read() -> None:
    """The lists of refusals are read once, and not within the deadline of the first example of a property."""
    refusals.find("")
    first_rule("")


@pytest.fixture(scope="session")
def sns_key() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    start, end = datetime(2023, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)
    certificate = builder.serial_number(1).not_valid_before(start).not_valid_after(end).sign(key, hashes.SHA256())
    return key, certificate.public_bytes(serialization.Encoding.PEM).decode()


def _sign(name: str, payload: Any, sns_key: tuple[rsa.RSAPrivateKey, str]) -> Signed:
    body = json.dumps(payload).encode()
    if name == "ses":
        key, pem = sns_key
        call = {
            "Type": "Notification",
            "MessageId": "m",
            "TopicArn": "arn:aws:sns:x:1:t",
            "Message": json.dumps(payload),
        }
        call |= {"Timestamp": "2016-01-27T15:00:00Z", "SignatureVersion": "2"}
        text = "".join(f"{part}\n{call[part]}\n" for part in sorted(call) if part != "SignatureVersion")
        call["Signature"] = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
        call["SigningCertURL"] = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem"
        return {}, json.dumps(call).encode(), pem
    if name == "sendgrid":
        private = ec.generate_private_key(ec.SECP256R1())
        public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        signature = private.sign(str(NOW).encode() + body, ec.ECDSA(hashes.SHA256()))
        head = "X-Twilio-Email-Event-Webhook-"
        headers = {head + "Signature": base64.b64encode(signature).decode(), head + "Timestamp": str(NOW)}
        return headers, body, base64.b64encode(public).decode()
    if name == "mailgun":
        hexadecimal = hmac.new(b"key", f"{NOW}token".encode(), hashlib.sha256).hexdigest()
        payload = {"signature": {"timestamp": str(NOW), "token": "token", "signature": hexadecimal}, **payload}
        return {}, json.dumps(payload).encode(), "key"
    if name == "resend":
        mac = hmac.new(b"secret-secret", b"msg_1." + str(NOW).encode() + b"." + body, hashlib.sha256).digest()
        headers = {"svix-id": "msg_1", "svix-timestamp": str(NOW)}
        headers["svix-signature"] = "v1,AAAA v1," + base64.b64encode(mac).decode()
        return headers, body, "whsec_" + base64.b64encode(b"secret-secret").decode()
    if name == "mailersend":
        return {"Signature": hmac.new(b"key", body, hashlib.sha256).hexdigest()}, body, "key"
    basic = "Basic " + base64.b64encode(b"hook:secret").decode()
    return {"Authorization": basic}, body, "hook:secret"


@pytest.fixture(scope="session")
def signed(sns_key: tuple[rsa.RSAPrivateKey, str]) -> Callable[[str, Any], Signed]:
    """`signed(provider, payload)`: a call as the provider would make it, at NOW."""
    return lambda name, payload: _sign(name, payload, sns_key)
