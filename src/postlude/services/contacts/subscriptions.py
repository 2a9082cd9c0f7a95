"""Subscribe contacts to lists, if the list demands it after a confirmation by mail (double opt-in)."""

from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from typing import Final, NamedTuple

from postlude.compose.header import addressed, unstructured
from postlude.kit.clock import Clock
from postlude.mail.mailboxes import read_one_mailbox
from postlude.mail.purpose import PURPOSE_FIELD
from postlude.model.address import Mailbox, read_mailbox
from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import Consent, MemberStatus, MessagePurpose, Purpose
from postlude.services.accounts.sender_rights import permitted_sender
from postlude.services.ports import ConfirmUrl
from postlude.store import Store
from postlude.store.contacts.rows import Contact, MailingList

_TEXT: Final = """\
Please confirm that you want to receive {name}.

{agree}{url}

If you did not ask for this, do nothing: you will not hear from us again.
"""
_HTML: Final = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{subject}</title></head>
<body style="font:16px/1.6 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem">
<p>Please confirm that you want to receive <strong>{name}</strong>.</p>
{agree}<p><a href="{url}" style="display:inline-block;padding:.6rem 1.4rem;background:#2f6f5e;color:#fff;
border-radius:.4rem;text-decoration:none;font-weight:600">Yes, I want to receive it</a></p>
<p style="color:#5d6664">If you did not ask for this, do nothing: you will not hear from us again.</p>
</body></html>
"""


class ConfirmationMail(NamedTuple):
    """A confirmation mail, ready for `services.messages.accept`."""

    user: int
    mail_from: str
    recipient: str
    raw: bytes


class Asked(NamedTuple):
    """Outcome of a subscription request."""

    contact: Contact
    status: MemberStatus
    confirmation: ConfirmationMail | None
    """The mail that must go out now; None when nothing has to be confirmed."""


def subscribe(
    store: Store,
    clock: Clock,
    address: str,
    wanted: MailingList,
    confirm_url: ConfirmUrl,
    *,
    name: str = "",
    source: str = "subscribe",
) -> Asked:
    """Request a subscription; the contact is created when there is none.

    `confirm_url` takes list and contact. A subscribed contact stays so and gets no mail. InputError when the address is
    suppressed: the suppression must be removed by hand first.
    """
    contact = _contact(store, clock, address, name, source)
    if any(m.list == wanted.id and m.status is MemberStatus.SUBSCRIBED for m in store.lists.memberships(contact.id)):
        return Asked(contact, MemberStatus.SUBSCRIBED, None)
    suppression = store.suppressions.get(contact.address)
    if suppression is not None:
        raise InputError(
            f"{address} is suppressed ({suppression.reason}), so no confirmation mail can be sent. "
            f"If they want mail again, run `postlude suppressions remove {address}` first"
        )
    # Who left comes back by their own word only, whatever the list asks of others.
    asks = wanted.double_optin or store.lists.has_left(contact.id, wanted.id)
    status = MemberStatus.PENDING if asks else MemberStatus.SUBSCRIBED
    confirmation = _confirmation_mail(store, contact, wanted, confirm_url) if asks else None
    store.lists.put_member(wanted.id, contact.id, status, clock.now(), source)
    return Asked(contact, status, confirmation)


def subscribe_agreed(  # noqa: PLR0917 - plain data
    store: Store, clock: Clock, address: str, wanted: MailingList, agreed: str, by: str, name: str = ""
) -> Contact:
    """Subscribe a contact who agreed elsewhere, on paper or in another form: `agreed` is the proof."""
    if not agreed.strip():
        raise InputError("state where and when they agreed: consent needs a proof")
    contact = _contact(store, clock, address, name, "subscribe")
    now = clock.now()
    store.lists.put_member(wanted.id, contact.id, MemberStatus.SUBSCRIBED, now, "subscribe")
    states = {Purpose.MAIL: Consent.GIVEN}
    store.contacts.record_consent(
        contact.id, states, now, how="by hand", source=agreed, text=wanted.consent_text, by=by
    )
    return contact


def _contact(store: Store, clock: Clock, address: str, name: str, source: str) -> Contact:
    mailbox = read_mailbox(address)
    found = store.contacts.by_address(mailbox.spelled)
    return found or store.contacts.add(mailbox.spelled, clock.now(), name=name or mailbox.name, source=source)


def _allowed_sender(store: Store, wanted: MailingList) -> Mailbox | None:
    """The list's sender, None where it has none or who set it may not write as it any more."""
    if not wanted.sender:
        return None
    if not wanted.owner:
        return read_one_mailbox(wanted.sender)
    try:
        owner = store.accounts.user(wanted.owner)
        return permitted_sender(owner.address, owner.senders, wanted.sender)
    except (InputError, NotFoundError):
        return None


def _confirmation_mail(
    store: Store, contact: Contact, wanted: MailingList, confirm_url: ConfirmUrl
) -> ConfirmationMail:
    sender = _allowed_sender(store, wanted)
    user = store.accounts.user_by_address(sender.spelled) if sender else None
    user = user or store.accounts.first_user()
    if user is None:
        raise NotFoundError("there is no user yet who could send the confirmation mail: start `postlude up` once")
    if sender is None or (not sender.name and sender.spelled == user.address):
        sender = Mailbox(user.address, user.name)
    url = confirm_url(wanted.id, contact.id)
    subject = f"Please confirm: {wanted.name}"
    agree = wanted.consent_text
    message = EmailMessage(policy=SMTP)
    head = addressed("From", (sender.name, sender.spelled)) + addressed("To", ("", contact.spelled))
    head += unstructured("Subject", subject)
    message["Auto-Submitted"] = "auto-generated"
    message[PURPOSE_FIELD] = MessagePurpose.TRANSACTIONAL.value
    message["X-Postlude-Opens"] = message["X-Postlude-Clicks"] = "off"  # there is no consent yet
    message.set_content(_TEXT.format(name=wanted.name, url=url, agree=f"{agree}\n\n" if agree else ""))
    reported = f"<p>{escape(agree)}</p>\n" if agree else ""
    page = _HTML.format(subject=escape(subject), name=escape(wanted.name), url=escape(url), agree=reported)
    message.add_alternative(page, subtype="html")
    return ConfirmationMail(user.id, sender.spelled, contact.spelled, head + message.as_bytes())
