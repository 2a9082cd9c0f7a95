"""How Amazon SNS signs: RSA over the fields in order, with a certificate of its own."""

import base64
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_CERTIFICATE_URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem"


@cache
def _key() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    start, end = datetime(2023, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)
    certificate = builder.serial_number(1).not_valid_before(start).not_valid_after(end).sign(key, hashes.SHA256())
    return key, certificate.public_bytes(serialization.Encoding.PEM).decode()


def sign(payload: Any, now: int) -> tuple[dict[str, str], bytes, str]:
    del now
    key, pem = _key()
    call = {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:x:1:t", "Message": json.dumps(payload)}
    call |= {"Timestamp": "2016-01-27T15:00:00Z", "SignatureVersion": "2"}
    text = "".join(f"{part}\n{call[part]}\n" for part in sorted(call) if part != "SignatureVersion")
    call["Signature"] = base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    call["SigningCertURL"] = _CERTIFICATE_URL
    return {}, json.dumps(call).encode(), pem


def wrong_secret() -> str:
    return _key()[1].replace("MII", "MIJ", 1)


def wrapped(text: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "m", "Message": text})
