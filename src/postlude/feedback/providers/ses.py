"""Amazon SES through SNS: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html and
https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.

The secret is the PEM certificate that `certificate_url` names: fetching it is the caller's, judging it is done here.
"""  # noqa: D205 - the sources come first

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Node, Provider, event, load_call

_HOST: Final = r"https://sns\.[a-z0-9-]{4,30}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE: Final = re.compile(_HOST + r"/SimpleNotificationService-[0-9a-f]{1,64}\.pem")
_CONFIRM: Final = re.compile(_HOST + r"/\?Action=ConfirmSubscription&[\w=&%:./+-]+")
_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_SUBTYPES: Final = {
    "NoEmail": Reason.UNKNOWN_USER,
    "MailboxFull": Reason.MAILBOX_FULL,
    "MessageTooLarge": Reason.TOO_LARGE,
    "ContentRejected": Reason.CONTENT,
    "AttachmentRejected": Reason.CONTENT,
    "CustomTimeoutExceeded": Reason.EXPIRED,
}
_NOT_TRIED: Final = {
    "Suppressed": Reason.RECIPIENT_REFUSED,
    "OnAccountSuppressionList": Reason.RECIPIENT_REFUSED,
    "OnTenantSuppressionList": Reason.RECIPIENT_REFUSED,
    "EmailValidationSuppressed": Reason.RECIPIENT_REFUSED,
    "UnsubscribedRecipient": Reason.POLICY,
}
"""Its own lists: the text recalls an older bounce, but no server was asked about this mail."""
_DELAYS: Final = {
    "MailboxFull": Reason.MAILBOX_FULL,
    "SpamDetected": Reason.SPAM,
    "RecipientServerError": Reason.SYSTEM,
    "InternalFailure": Reason.SYSTEM,
    "BYOIPHostNameLookupUnavailable": Reason.SYSTEM,
    "IPFailure": Reason.REPUTATION,
    "TransientCommunicationFailure": Reason.NETWORK,
    "SendingDeferral": Reason.RATE_LIMITED,
}
_COMPLAINTS: Final = {"not-spam": FindingKind.NOT_SPAM, "auth-failure": FindingKind.AUTH_FAILURE}


def certificate_url(body: bytes) -> str:
    """URL of a call's certificate; empty unless it belongs to SNS."""
    url = load_call(body).first("SigningCertURL", "SigningCertUrl")
    return url if _CERTIFICATE.fullmatch(url) else ""


def subscribe_url(body: bytes) -> str:
    """The address to GET to confirm a subscription, after the signature held; empty for other calls."""
    node = load_call(body)
    url = node["SubscribeURL"].text()
    return url if node["Type"].text() == "SubscriptionConfirmation" and _CONFIRM.fullmatch(url) else ""


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """RSA over the named members, SHA-1 in signature version 1, SHA-256 in version 2."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 7 MB that most installs never need
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415 - as above
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415 - as above

    del headers, now  # SNS repeats a call with its first timestamp for up to an hour; `event_id` tells repeats
    node = load_call(body)
    names = _SIGNED.get(node["Type"].text(), ())
    lines = [f"{name}\n{node[name].text()}\n" for name in names if node[name].value is not None]
    digest = hashes.SHA256() if node["SignatureVersion"].text() == "2" else hashes.SHA1()  # noqa: S303 - SNS version 1
    if not names or not certificate_url(body):
        return False
    try:
        key = load_pem_x509_certificate(secret.encode()).public_key()
        signature = b64decode(node["Signature"].text(), validate=True)
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, "".join(lines).encode(), PKCS1v15(), digest)
    except (InvalidSignature, ValueError):
        return False
    return True


def parse(body: bytes) -> list[Finding]:
    """Findings of an SNS notification, or of the SES message alone (raw delivery, or by mail)."""
    node = load_call(body)
    if node["Type"].text() in {"SubscriptionConfirmation", "UnsubscribeConfirmation"}:
        return []
    message = load_call(node["Message"].text().encode()) if node["Message"].text() else node
    return parse_message(message)


def parse_message(node: Node) -> list[Finding]:
    """Findings of one SES event."""
    name = node.first("notificationType", "eventType")
    reader = _READERS.get(name)
    return reader(node) if reader else []


def _ids(node: Node) -> tuple[str, ...]:
    mail = node["mail"]
    return (mail["commonHeaders"]["messageId"].text(), mail["messageId"].text())


def _bounce(node: Node) -> list[Finding]:
    bounce = node["bounce"]
    subtype = bounce["bounceSubType"].text()
    return [
        event(
            _kind(bounce, one),
            one["emailAddress"].text(),
            ids=_ids(node),
            envelope=node["mail"]["source"].text(),
            at=bounce["timestamp"].text(),
            event_id=f"{bounce['feedbackId'].text()}/{one['emailAddress'].text()}",
            way=f"ses/{bounce['bounceType'].text()}-{subtype}",
            reported=one["diagnosticCode"].text().removeprefix("smtp; "),
            status=one["status"].text(),
            hint=_SUBTYPES.get(subtype, Reason.NONE),
            unasked=_NOT_TRIED.get(subtype, Reason.NONE),
            action=one["action"].text(),
            lasting=bounce["bounceType"].text() != "Transient",
        )
        for one in bounce["bouncedRecipients"].items()
    ]


def _kind(bounce: Node, one: Node) -> FindingKind:
    """Bounced, delayed, or an out-of-office: SES reports those as a transient bounce without a server's answer.

    Its mailbox simulator (`ooto@`) shows the form. A server's temporary refusal has a text or a status.
    """
    if one["action"].text() == "delayed":
        return FindingKind.DEFERRED
    kinds = (bounce["bounceType"].text(), bounce["bounceSubType"].text())
    answered = one.first("status", "diagnosticCode", "action")
    return FindingKind.AUTORESPONDED if kinds == ("Transient", "General") and not answered else FindingKind.BOUNCED


def _complaint(node: Node) -> list[Finding]:
    complaint = node["complaint"]
    kind = _COMPLAINTS.get(complaint["complaintFeedbackType"].text(), FindingKind.COMPLAINED)
    if complaint["complaintSubType"].text().endswith("SuppressionList"):  # the account's, a tenant's
        return []  # not sent, because of an older complaint: not a complaint about this mail
    return [
        event(
            kind,
            one["emailAddress"].text(),
            ids=_ids(node),
            envelope=node["mail"]["source"].text(),
            at=complaint["timestamp"].text(),
            event_id=f"{complaint['feedbackId'].text()}/{one['emailAddress'].text()}",
            way="ses/complaint",
        )
        for one in complaint["complainedRecipients"].items()
    ]


def _delivery(node: Node) -> list[Finding]:
    delivery = node["delivery"]
    return [
        event(
            FindingKind.DELIVERED,
            one.text(),
            ids=_ids(node),
            envelope=node["mail"]["source"].text(),
            at=delivery["timestamp"].text(),
            event_id=f"{node['mail']['messageId'].text()}/delivery/{one.text()}",
            way="ses/delivery",
            reported=delivery["smtpResponse"].text(),
        )
        for one in delivery["recipients"].items()
    ]


def _delay(node: Node) -> list[Finding]:
    delay = node["deliveryDelay"]
    return [
        event(
            FindingKind.DEFERRED,
            one["emailAddress"].text(),
            ids=_ids(node),
            envelope=node["mail"]["source"].text(),
            at=delay["timestamp"].text(),
            event_id=f"{node['mail']['messageId'].text()}/delay/{delay['timestamp'].text()}",
            way=f"ses/delay-{delay['delayType'].text()}",
            reported=one["diagnosticCode"].text().removeprefix("smtp; "),
            status=one["status"].text(),
            hint=_DELAYS.get(delay["delayType"].text(), Reason.NONE),
        )
        for one in delay["delayedRecipients"].items()
    ]


def _reject(node: Node) -> list[Finding]:
    reported = node["reject"]["reason"].text()
    return _unsent(node, "ses/reject", reported, Reason.VIRUS if reported == "Bad content" else Reason.NONE)


def _rendering(node: Node) -> list[Finding]:
    return _unsent(node, "ses/rendering-failure", node["failure"]["errorMessage"].text(), Reason.PROTOCOL)


def _unsent(node: Node, way: str, reported: str, hint: Reason) -> list[Finding]:
    """SES gave up before it tried: all recipients at once."""
    return [
        event(
            FindingKind.BOUNCED,
            one.text(),
            ids=_ids(node),
            envelope=node["mail"]["source"].text(),
            at=node["mail"]["timestamp"].text(),
            way=way,
            reported=reported,
            hint=hint,
        )
        for one in node["mail"]["destination"].items()
    ]


def _subscription(node: Node) -> list[Finding]:
    """The recipient left through the list management of SES; a change of topics is not an unsubscribe."""
    reported = node["subscription"]
    if reported["newTopicPreferences"]["unsubscribeAll"].value is not True:
        return []
    at = reported["timestamp"].text()
    return [
        event(
            FindingKind.UNSUBSCRIBED,
            one.text(),
            ids=_ids(node),
            envelope=node["mail"]["source"].text(),
            at=at,
            event_id=f"{node['mail']['messageId'].text()}/subscription/{at}",
            way="ses/subscription",
        )
        for one in node["mail"]["destination"].items()
    ]


_READERS: Final = {
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Delivery": _delivery,
    "DeliveryDelay": _delay,
    "Reject": _reject,
    "Rendering Failure": _rendering,
    "Subscription": _subscription,
}

PROVIDER: Final = Provider(
    "ses",
    "Amazon SES",
    verify,
    parse,
    key="none to set: the certificate is fetched from SNS and checked",
    setup="SNS topic for bounces, complaints and deliveries (or a configuration set's event destination); HTTPS "
    "subscription to the address. Postlude confirms it",
    certificate_url=certificate_url,
    confirm_url=subscribe_url,
)
