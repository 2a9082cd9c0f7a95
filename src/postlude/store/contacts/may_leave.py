"""Whether a message may leave for an address: the one place that asks.

A suppression ends what its reason ends (`model.not_mailed`). Mailings are also ended by an undecided wish in an answer,
a withdrawn consent, and a list that was left. Single mail, campaigns and audiences ask here.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, literal, null, select

from postlude.model.not_mailed import UNSUBSCRIBED, NoMailing, ends
from postlude.model.words import Consent, MessagePurpose
from postlude.store.base import TopicQueries, chunks, lookup_key
from postlude.store.contacts.leaving import has_left, left_the_list
from postlude.store.contacts.tables import contacts, suppressions
from postlude.store.feedback.tables import unmatched
from postlude.store.messages.tables import copies

_MAILING = MessagePurpose.MAILING


class MayLeave(TopicQueries):
    """Questions before something is sent."""

    def why_not(self, addresses: Iterable[str], purpose: MessagePurpose) -> dict[str, str]:
        """Why a single message of `purpose` may not go to these, by address as it was spelled; others are absent."""
        spelled: dict[str, set[str]] = {}
        for address in addresses:
            spelled.setdefault(lookup_key(address), set()).add(address)
        found: dict[str, str] = {}
        with self._database.read() as connection:
            for some in chunks(spelled):
                listed = select(suppressions.c.address, suppressions.c.reason).where(suppressions.c.address.in_(some))
                found |= {row.address: row.reason for row in connection.execute(listed) if ends(row.reason, purpose)}
                if purpose is not _MAILING:
                    continue
                waiting = select(unmatched.c.address).where(unmatched.c.address.in_(some), _WAITS)
                for (address,) in connection.execute(waiting):
                    found.setdefault(address, NoMailing.ASKS_TO_LEAVE.value)
                why = why_no_mailing_to_contact().label("why")
                members = select(contacts.c.address, why).where(contacts.c.address.in_(some), why.is_not(None))
                for address, reason in connection.execute(members):
                    found.setdefault(address, reason)
        return {as_typed: reason for address, reason in found.items() for as_typed in spelled[address]}

    def left_mailings(self, wanted: Iterable[int]) -> dict[int, str]:
        """`unsubscribed` (from all mailings) or `left` (a list, subscribed to none) by contact; others are absent."""
        ended = suppressions.c.left_at.is_not(None)
        reported = case((ended, UNSUBSCRIBED), (has_left(), NoMailing.LEFT.value), else_=null()).label("ended_by")
        joined = contacts.outerjoin(suppressions, suppressions.c.address == contacts.c.address)
        found: dict[int, str] = {}
        with self._database.read() as connection:
            for some in chunks(wanted):
                query = select(contacts.c.id, reported).select_from(joined).where(contacts.c.id.in_(some))
                found |= {row.id: row.ended_by for row in connection.execute(query) if row.ended_by}
        return found


def ends_mailings() -> list[ColumnElement[bool]]:
    """Conditions on `contacts`, any of which keeps mailings that name no list the contact is on from it."""
    suppressed = exists().where(suppressions.c.address == contacts.c.address)
    return [suppressed, has_asked_to_leave(contacts.c.address), _WITHDREW, has_left()]


def why_no_mailing_to_contact() -> ColumnElement[Any]:
    """The first reason of a contact's own; NULL when there is none."""
    return case((_WITHDREW, NoMailing.CONSENT_WITHDRAWN.value), (has_left(), NoMailing.LEFT.value), else_=null())


def why_no_mailing_as_copy() -> ColumnElement[Any]:
    """Why a campaign's copy may not leave (any more), of `copies` beside its contact and suppression; NULL: it may."""
    left_its_list = and_(copies.c.list.is_not(None), left_the_list(copies.c.contact, copies.c.list))
    return case(
        (suppressions.c.reason.is_not(None), suppressions.c.reason),
        (has_asked_to_leave(copies.c.address), literal(NoMailing.ASKS_TO_LEAVE.value)),
        (_WITHDREW, literal(NoMailing.CONSENT_WITHDRAWN.value)),
        (left_its_list, literal(NoMailing.LEFT_THE_LIST.value)),
        (and_(copies.c.list.is_(None), has_left()), literal(NoMailing.LEFT.value)),
        else_=null(),
    )


def has_asked_to_leave(address: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """Whether an undecided answer from `address` asks to be taken off."""
    return exists().where(unmatched.c.address == address, _WAITS)


_WAITS = and_(unmatched.c.reason == NoMailing.ASKS_TO_LEAVE.value, unmatched.c.state == "open")
_WITHDREW = contacts.c.mail_consent == Consent.WITHDRAWN.value
