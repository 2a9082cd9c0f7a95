"""Calls of sending providers: verified, parsed, matched, applied."""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from postlude.feedback import Evidence, Finding
from postlude.feedback.providers import PROVIDERS, CallOutcome, receive
from postlude.feedback.tags import first_tag
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.observation import Webhook
from postlude.services.digest.attribution import Attribution
from postlude.services.digest.findings import FindingMeaning, FindingSource, Repeats, apply_findings, call_fingerprint
from postlude.services.digest.item import Item, RecordOutcome

PROVIDER_CHANNEL: Final = "provider:"
_NO_CERTIFICATE: Final = "it names no certificate of its provider"
CONFIRM: Final = "a subscription to confirm"
CERTIFICATE: Final = "the certificate it is signed with is not here yet"
_FAILED: Final = {
    CallOutcome.BAD_SIGNATURE: RecordOutcome.UNPROVEN,
    CallOutcome.NO_KEY: RecordOutcome.WAITING,
    CallOutcome.UNREADABLE: RecordOutcome.UNREADABLE,
    CallOutcome.UNKNOWN_PROVIDER: RecordOutcome.UNHANDLED,
}


class CertificateOf(Protocol):
    """A signing certificate that was fetched before."""

    def __call__(self, url: str, /) -> str | None:
        """The PEM text; None when it was never fetched."""
        ...


class BounceTag(Protocol):
    """Reads the copy out of a VERP envelope sender."""

    def __call__(self, address: str, /) -> int | None:
        """The copy id; None when the address carries no genuine tag."""
        ...


class VerifiedAttributor(Protocol):
    """Matches one finding, with its arrival time, to a copy."""

    def __call__(self, finding: Finding, at: int, *, verified: bool) -> Attribution:
        """`verified`: the provider's signature held."""
        ...


def confirm_url_of(webhook: Webhook) -> str:
    """URL to GET once to confirm the subscription; empty for ordinary calls."""
    provider = PROVIDERS.get(webhook.provider)
    return provider.confirm_url(webhook.body) if provider and provider.confirm_url else ""


class ProviderCalls:
    """The step for providers' calls. A call is judged as of the time it came in, whenever it is read.

    `keys` are the secrets by provider; `certificate` gives the PEM behind an address of SNS, None when it is not here.
    """

    def __init__(
        self,
        keys: Mapping[str, str],
        certificate: CertificateOf,
        bounce_tag: BounceTag,
        attribute: VerifiedAttributor,
        repeats: Repeats,
    ) -> None:
        self._keys = keys
        self._certificate = certificate
        self._bounce_tag = bounce_tag
        self._attribute = attribute
        self._repeats = repeats

    def __call__(self, item: Item, webhook: Webhook) -> None:
        """Verify and parse one call; each new finding becomes one event."""
        secret = self._secret(webhook)
        if secret is None:
            item.fail(RecordOutcome.WAITING, CERTIFICATE)
            return
        now = webhook.at // MICROS_PER_SECOND
        call = receive(webhook.provider, headers=webhook.headers, body=webhook.body, secret=secret, now=now)
        if call.outcome is not CallOutcome.READ:
            item.fail(_FAILED[call.outcome], f"{webhook.provider}: {call.problem}")
        elif confirm_url_of(webhook):
            item.fail(RecordOutcome.WAITING, CONFIRM)
        elif not call.findings:
            item.outcome = RecordOutcome.IGNORED
        else:
            reported = []
            for finding in map(self._matched, call.findings):
                means = self._attribute(finding, webhook.at, verified=True)
                reported.append(FindingMeaning(finding, means, call_fingerprint(webhook.provider, finding)))
            apply_findings(
                item, reported, self._repeats, FindingSource(webhook.at, f"{PROVIDER_CHANNEL}{webhook.provider}")
            )

    def _secret(self, webhook: Webhook) -> str | None:
        provider = PROVIDERS.get(webhook.provider)
        if provider is None or provider.certificate_url is None:
            return self._keys.get(webhook.provider, "")
        try:
            url = provider.certificate_url(webhook.body)
        except ValueError:
            url = ""
        return self._certificate(url) if url else _NO_CERTIFICATE

    def _matched(self, finding: Finding) -> Finding:
        """The envelope sender we gave names the copy, signed by us."""
        copy = first_tag(self._bounce_tag, finding.envid)
        return msgspec.structs.replace(finding, copy=copy, evidence=Evidence.ENVELOPE_TAG) if copy else finding
