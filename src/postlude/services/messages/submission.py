"""Turns a submitted message into rows of the state and its first events."""

import logging
from hashlib import blake2b
from typing import NamedTuple

from postlude.instrument import Policy
from postlude.kit.ids import ID_BITS
from postlude.mail.content_look import look_at_mail
from postlude.mail.header_block import HeaderBlock, decoded
from postlude.mail.purpose import purpose_of
from postlude.model.errors import InputError
from postlude.model.event import Event
from postlude.model.observation import Submitted
from postlude.model.words import EventKind, MessagePurpose
from postlude.services.messages.tracker import Plan, Tracker
from postlude.store.messages import rows

_log = logging.getLogger(__name__)


class ReadSubmission(NamedTuple):
    """Result of one Submitted observation."""

    submission: rows.Submission
    events: tuple[Event, ...]


def read_submission(
    submitted: Submitted, raw: bytes, policy: Policy, tracker: Tracker, *, offers_count: bool = True
) -> ReadSubmission:
    """Rows and QUEUED events of a submitted message; deterministic, so that a replay adds nothing.

    `policy` is the user's tracking policy. Never raises for what the mail contains: a message that
    cannot be instrumented is sent untracked, and its QUEUED events say why (`untracked`). `offers_count`: one that
    offers to unsubscribe is a mailing, unless another purpose was given.
    """
    head = HeaderBlock(raw)
    plan = tracker.plan(submitted.message, raw, policy, head)
    copies = tuple(
        rows.Copy(
            copy_id(submitted.message, number),
            submitted.message,
            recipient,
            next_attempt_at=submitted.at,
            notify=notify,
            orcpt=orcpt,
        )
        for number, recipient in enumerate(submitted.recipients)
        for notify, orcpt in (submitted.dsn.get(recipient, ("", "")),)
    )
    links = tuple(
        rows.Link(submitted.message, link.position, link.url, link.label, link.tracked, str(link.reason))
        for link in {link.position: link for link in reversed(plan.links)}.values()
    )
    facts = {"via": str(submitted.via)} | ({"untracked": plan.untracked} if plan.untracked else {})
    events = tuple(
        Event(_hash(b"queued", copy.id, 0), EventKind.QUEUED, submitted.at, submitted.message, copy.id, facts=facts)
        for copy in copies
    )
    return ReadSubmission(
        rows.Submission(
            _message(submitted, head, len(raw), plan, offers_count), links[::-1], copies, _content(raw, head)
        ),
        events,
    )


def copy_id(message: int, number: int) -> int:
    """Id of the `number`-th recipient's copy: the same on every replay, unrelated to its neighbour's."""
    return _hash(b"copy", message, number)


def _message(submitted: Submitted, head: HeaderBlock, size: int, plan: Plan, offers_count: bool) -> rows.Message:
    return rows.Message(
        id=submitted.message,
        user=submitted.user,
        message_id=head.first("message-id").strip("<> "),
        subject=decoded(head.first("subject")),
        sender=next(iter(head.addresses("from")), submitted.mail_from),
        mail_from=submitted.mail_from,
        via=submitted.via,
        checksum=submitted.checksum,
        created_at=submitted.at,
        size=size,
        opens=plan.opens,
        clicks=any(link.tracked for link in plan.links),
        envid=submitted.envid,
        ret=submitted.ret,
        purpose=_purpose(submitted, head, offers=offers_count and plan.unsubscribe),
    )


def _content(raw: bytes, head: HeaderBlock) -> rows.MessageContent | None:
    try:
        return rows.MessageContent(**look_at_mail(raw, head)._asdict())
    except Exception:  # noqa: BLE001 - a look is a guest: mail leaves whatever comes of it
        _log.exception("a message could not be looked at")
        return None


def _purpose(submitted: Submitted, head: HeaderBlock, *, offers: bool) -> MessagePurpose:
    if submitted.purpose:
        return MessagePurpose(submitted.purpose)
    try:
        reported = purpose_of(head)  # accepted by a version that did not ask
    except InputError:
        reported = None
    return reported or (MessagePurpose.MAILING if offers else MessagePurpose.PERSONAL)


def _hash(purpose: bytes, first: int, second: int) -> int:
    digest = blake2b(first.to_bytes(8) + second.to_bytes(8), digest_size=8, person=purpose).digest()
    return int.from_bytes(digest) >> (64 - ID_BITS) or 1
