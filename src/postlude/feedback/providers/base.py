"""The interface of a provider's file, and safe access to foreign JSON."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from msgspec.structs import replace

from postlude.feedback.addresses import compared_address
from postlude.feedback.finding import Evidence, Fault, Finding, FindingKind, Persistence, Reason
from postlude.feedback.reasons import AXES
from postlude.feedback.refusal import with_reason
from postlude.kit.whole_number import whole_number
from postlude.model.domain_name import address_key

TOLERANCE_S: Final = 300
"""Maximum age of a signed call: as in Standard Webhooks and Svix, which sign every attempt again."""
DAY_S: Final = 86_400
"""For who repeats a call with its first signature: what is read twice is recognised by its event's id."""
_MILLISECONDS_FROM: Final = 100_000_000_000
_FRACTION: Final = re.compile(r"(\.\d{6})\d+")
"""More digits than microseconds, as .NET writes them."""


class VerifyCall(Protocol):
    """Checks a provider's signature on a call."""

    def __call__(self, headers: Mapping[str, str], body: bytes, key: str, now: int, /) -> bool:
        """Whether the call is genuine and recent; `now` in microseconds."""
        ...


class ParseCall(Protocol):
    """Reads the body of a provider's call."""

    def __call__(self, body: bytes, /) -> list[Finding]:
        """Its findings, one per statement; ValueError for invalid content."""
        ...


class UrlIn(Protocol):
    """Finds an address in the body of a call: a certificate's, or the one that confirms a subscription."""

    def __call__(self, body: bytes, /) -> str:
        """The address; empty when there is none."""
        ...


class Provider(NamedTuple):
    """One sending provider: how its calls are verified and parsed. Both functions are pure."""

    name: str
    title: str
    """The provider's name, in its own spelling."""
    verify: VerifyCall
    """`(headers with lower-case names, raw body, secret, now in seconds) -> whether the signature is valid`."""
    parse: ParseCall
    """Findings of one call's raw body; ValueError when it is not what the provider documents."""
    key: str
    """The secret, and where the provider shows it, for the operator."""
    setup: str
    """What to set at the provider, for the reference page."""
    signs: bool = True
    """False: it signs nothing, and the secret address it calls is the proof; a login beside it is welcome."""
    drops_on_5xx: bool = False
    """True: it calls again after 429 and after no answer, and gives up on 503."""
    certificate_url: UrlIn | None = None
    """`(raw body) -> URL of the certificate for the call`, which is fetched once: then no secret is set."""
    confirm_url: UrlIn | None = None
    """`(raw body) -> URL to GET once to confirm the subscription`; empty for ordinary calls."""

    @property
    def setting(self) -> str:
        """The setting of its secret, in lower case; empty when none is to be set."""
        return "" if self.certificate_url else f"{self.name}_key"

    @property
    def setting_help(self) -> str:
        """Meaning of the setting."""
        proof = "" if self.signs else "; empty: the secret address it calls is proof enough"
        return f"{self.title}: {self.key}{proof}."


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


def load_call(body: bytes) -> Node:
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
    reported: str = "",
    status: str = "",
    hint: Reason = Reason.NONE,
    action: str = "",
    envelope: str = "",
    lasting: bool = True,
    unasked: Reason = Reason.NONE,
) -> Finding:
    """One finding of a provider's call. `envelope`: the envelope sender we gave, which carries our tag.

    `unasked`: the provider did not try, because of its own list. Then this is the reason, whatever its text repeats of
    older refusals, and not news about the address. `lasting=False`: the provider calls it temporary. Then the address
    is not gone, whatever the server's text.
    """
    base = Finding(
        kind=kind,
        recipient=compared_address(recipient) or address_key(recipient),
        evidence=Evidence.PROVIDER_ID,
        message_ids=tuple(dict.fromkeys(found for text in ids if (found := text.strip().strip("<>")))),
        rule=way,
        at=utc(at),
        event_id=event_id,
        action=action,
        envid=envelope,
    )
    judged = with_reason(base, reported, status, hint)
    if unasked:
        axes = AXES[unasked]
        return replace(
            judged,
            reason=unasked,
            fault=axes.fault,
            persistence=Persistence.UNAFFECTED if axes.fault is Fault.SENDER else Persistence.UNKNOWN,
            rule=f"{way}/not-tried",
        )
    if lasting or judged.persistence is not Persistence.GONE:
        return judged
    return replace(judged, persistence=Persistence.UNKNOWN)


def utc(at: str) -> str:
    """A provider's time (seconds, milliseconds, ISO 8601) as RFC 3339 in UTC; as it came when it is none of these."""
    try:
        number = float(at)
        moment = datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS_FROM else number, UTC)
    except (ValueError, OverflowError, OSError):
        try:
            moment = datetime.fromisoformat(_FRACTION.sub(r"\1", at.strip()))
        except ValueError:
            return at
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment.tzinfo else at


def same(left: str, right: str) -> bool:
    """Compare in constant time; an empty expectation never matches."""
    return bool(left) and hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """HMAC with SHA-256."""
    return hmac.new(key, data, hashlib.sha256).digest()


def fresh(timestamp: str, now: int, tolerance: int = TOLERANCE_S) -> bool:
    """A whole number of seconds, not ahead of now by more than a few minutes and not older than the tolerance."""
    moment = whole_number(timestamp)
    return moment is not None and -TOLERANCE_S <= now - moment <= tolerance


def authorized(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """For providers without signatures: HTTP Basic when the secret is `user:password`, else a bearer token.

    Without a secret the webhook URL, which cannot be guessed, is the proof.
    """
    del body, now
    if not secret:
        return True
    if ":" in secret:
        return same("Basic " + base64.b64encode(secret.encode()).decode(), headers.get("authorization", ""))
    return same(f"Bearer {secret}", headers.get("authorization", ""))
