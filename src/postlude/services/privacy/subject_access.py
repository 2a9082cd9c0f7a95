"""What is stored about one recipient, as text: for the recipient and for the operator."""

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, NamedTuple

import msgspec

from postlude.classify import explained
from postlude.history import History
from postlude.kit.clock import to_iso
from postlude.mail.purpose import PURPOSE_FIELD
from postlude.model.errors import NotFoundError
from postlude.model.event import WHY, Event
from postlude.model.words import EventKind, MessagePurpose
from postlude.services.privacy.known_contact import contact_lines, question_lines
from postlude.services.privacy.other_people import BY_ANOTHER, told_facts
from postlude.services.reports.sentences import summary
from postlude.store import Copy, Message, Store

_HIDDEN: Final = frozenset({"lists_date"})
_HITS: Final = frozenset({EventKind.OPENED, EventKind.CLICKED, EventKind.VIEWED, EventKind.QUEUED})
_OTHERS: Final = (
    "Mail that other people wrote and that names this address is stored as well. Their words belong to them too, so "
    "they are not part of this answer; who runs this server decides about a request for them."
)
_SUBJECT: Final = "What is stored about you"


class AccessResponse(NamedTuple):
    """A mail to a recipient who asked."""

    user: int
    mail_from: str
    recipient: str
    raw: bytes


def describe_stored(store: Store, history: History, address: str) -> str:
    """Everything stored about `address`, as plain text; NotFoundError when there is nothing.

    The contact with its fields, lists and consent, its choices, and every mail sent to it with recorded events,
    returned mail and replies. Of mail that other people wrote it is told that it is there.
    """
    copies = store.messages.copies_to(address)
    withdrawal, suppression = store.privacy.withdrawal(address), store.suppressions.get(address)
    contact = contact_lines(store, address)
    ids = [copy.id for copy in copies]
    questions = question_lines(store.feedback.about(address, ids), address, ids)
    if not (copies or withdrawal or suppression or contact or questions):
        raise NotFoundError(f"nothing is stored about {address}")
    lines = [f"What this server stores about {address}", "", *contact]
    if withdrawal is not None:
        reported = ", ".join(
            f"{name} {'are not recorded' if off else 'may be recorded'}"
            for name, off in (("opens", withdrawal.opens), ("clicks", withdrawal.clicks))
        )
        lines += [f"Your choice of {to_iso(withdrawal.at)}: {reported}.", ""]
    if suppression is not None:
        because = "; ".join(filter(None, (suppression.reason, suppression.evidence, suppression.by)))
        lines += [f"This address has had no mail since {to_iso(suppression.at)}: {because}.", ""]
    lines += _mails(address, copies, store.messages.get_many({copy.message for copy in copies}), history)
    lines += questions
    if any(BY_ANOTHER in line for line in lines):
        lines += [_OTHERS, ""]
    lines += [
        "The contents of recently sent and returned mail are stored as well, for a limited time.",
        "Times are UTC. What the server's log received in the last 7 days is kept there for as long, also when it is",
        "erased here.",
    ]
    return "\n".join(lines) + "\n"


def _mails(address: str, copies: Sequence[Copy], messages: dict[int, Message], history: History) -> list[str]:
    events: dict[int, list[Event]] = {}
    for event in history.of_copies([copy.id for copy in copies], {copy.message for copy in copies}):
        events.setdefault(event.copy, []).append(event)
    lines = []
    for copy in copies:
        message = messages.get(copy.message)
        what = f"{message.subject or '(no subject)'}, from {message.sender}" if message else "a deleted mail"
        lines += [f"Mail: {what}", *(_line(event, address) for event in events.get(copy.id, [])), ""]
    return lines


def _line(event: Event, address: str) -> str:
    place = f" (link {event.position})" if event.kind is EventKind.CLICKED else ""
    if event.kind not in _HITS:
        told = told_facts(event.kind.value, event.facts, address, of_a_copy=True)
        event = msgspec.structs.replace(event, facts=told)
    facts = {name: value for name, value in event.facts.items() if value and name not in _HIDDEN}
    kept = facts | ({"address": event.address} if event.address else {})
    judged = explained(event.reasons, kept.pop(WHY, ""))
    if judged:
        kept = {"judged so because": judged} | kept
    rest = "; ".join(f"{name}: {' '.join(value.split())}" for name, value in kept.items())
    return f"  {to_iso(event.at)}  {summary(event, 0)}{place}" + (f"\n      {rest}" if rest else "")


def answer(store: Store, history: History, copy: int, public_pages: str) -> AccessResponse:
    """The mail that answers a request from the preferences page of `copy`: to the address that copy went to."""
    asked = store.messages.copy(copy)
    message = store.messages.get(asked.message)
    mail = EmailMessage()
    mail["From"] = message.sender
    mail["To"] = asked.recipient
    mail["Subject"] = _SUBJECT
    mail["Auto-Submitted"] = "auto-replied"  # RFC 3834: asked for by a button, and nothing should answer it
    mail[PURPOSE_FIELD] = MessagePurpose.TRANSACTIONAL.value
    mail["X-Postlude-Opens"] = mail["X-Postlude-Clicks"] = "off"
    text = describe_stored(store, history, asked.recipient)
    mail.set_content(f"You asked for this on the page {public_pages}, which also lets you erase it.\n\n{text}")
    return AccessResponse(
        message.user, message.mail_from or message.sender, asked.recipient, mail.as_bytes(policy=SMTP)
    )
