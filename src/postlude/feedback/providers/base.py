"""What every provider's file offers, and how foreign JSON is read without trusting its shape."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from postlude.feedback.finding import Evidence, Finding, FindingKind, Reason
from postlude.feedback.refusal import with_reason

TOLERANCE_S: Final = 300
"""How old a signed call may be: what Standard Webhooks and Svix allow."""


class Provider(NamedTuple):
    """One sending provider: how its calls are proven and what they say. Both functions are pure."""

    name: str
    verify: Callable[[Mapping[str, str], bytes, str, int], bool]
    """`(headers with lower-case names, raw body, secret, now in seconds) -> signature holds`."""
    parse: Callable[[bytes], list[Finding]]
    """Findings of one call's raw body; ValueError when it is not what the provider documents."""
    secret: str
    """What the secret is and where the provider shows it, for the person who sets it."""


class Node:
    """A JSON value that answers wrong shapes with emptiness."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __getitem__(self, name: str) -> "Node":
        return Node(self.value.get(name) if isinstance(self.value, dict) else None)

    def items(self) -> "list[Node]":
        """The elements of a list, or the value itself as the only one."""
        if self.value is None:
            return []
        return [Node(item) for item in self.value] if isinstance(self.value, list) else [self]

    def text(self) -> str:
        """The value as text; empty for null, lists and objects."""
        return "" if self.value is None or isinstance(self.value, dict | list) else str(self.value)

    def first(self, *names: str) -> str:
        """The first of these members that is not empty."""
        return next((text for name in names if (text := self[name].text())), "")


def load(body: bytes) -> Node:
    """The call's JSON; ValueError when it is none."""
    try:
        return Node(json.loads(body))
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def event(
    kind: FindingKind,
    recipient: str,
    *,
    ids: tuple[str, ...],
    at: str,
    event_id: str = "",
    way: str = "",
    said: str = "",
    status: str = "",
    hint: Reason = Reason.NONE,
    action: str = "",
) -> Finding:
    """One finding of a provider's call."""
    base = Finding(
        kind=kind,
        recipient=recipient.strip().lower(),
        evidence=Evidence.PROVIDER_ID,
        message_ids=tuple(dict.fromkeys(found for text in ids if (found := text.strip().strip("<>")))),
        rule=way,
        at=at,
        event_id=event_id,
        action=action,
    )
    return with_reason(base, said, status, hint)


def same(left: str, right: str) -> bool:
    """Compare in constant time; an empty expectation never holds."""
    return bool(left) and hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC with SHA-256."""
    return hmac.new(key, data, hashlib.sha256).digest()


def fresh(timestamp: str, now: int) -> bool:
    """A whole number of seconds not further from now than the tolerance."""
    return timestamp.isdigit() and abs(int(timestamp) - now) <= TOLERANCE_S


def authorized(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """For providers that sign nothing: HTTP Basic when the secret is `user:password`, else a bearer token."""
    del body, now
    if not secret:
        return False
    if ":" in secret:
        return same("Basic " + base64.b64encode(secret.encode()).decode(), headers.get("authorization", ""))
    return same(f"Bearer {secret}", headers.get("authorization", ""))
