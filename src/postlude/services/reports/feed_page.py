"""The feed as programs read it: events and corrections of one user's messages, in order, from a place on."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from postlude.classify import explained, how_sure
from postlude.kit.clock import to_iso
from postlude.kit.ids import id_text
from postlude.model.domain_name import address_key
from postlude.model.event import WHY, Event
from postlude.model.words import EventKind, Verdict
from postlude.store import FeedEntry, Message, Store

SCANNED: Final = 20_000
"""Events looked at for one answer: what a filter leaves out costs time too."""


class FeedWish(NamedTuple):
    """Which events are wanted; an empty part means all."""

    kinds: Collection[EventKind] = ()
    verdicts: Collection[Verdict] = ()
    campaign: int = 0
    recipient: str = ""


class NumberedEvent(NamedTuple):
    """An event, or that something was deleted, with its place in the feed."""

    place: int
    """Twice the event's number; one less for what was deleted before it: a page may end between the two."""
    told: dict[str, Any]


class FeedPage(NamedTuple):
    """What lies behind a place."""

    events: Sequence[NumberedEvent]
    upto: int
    """The place up to which all was looked at."""
    more: bool
    """Whether there may be more now."""


def feed_page(store: Store, user: int, after: int, limit: int, wish: FeedWish) -> FeedPage:
    """Up to `limit` events of the user's messages behind the place `after`."""
    found: list[NumberedEvent] = []
    upto, looked_at = after, 0
    for entry in store.feed.after(after // 2):
        for told in _told(store, user, entry, wish):
            if told.place > after and len(found) < limit:
                found.append(told)
        if len(found) >= limit:
            return FeedPage(found, found[-1].place, more=True)
        upto, looked_at = 2 * entry.last, looked_at + entry.count
        if looked_at >= SCANNED:
            return FeedPage(found, upto, more=True)
    return FeedPage(found, upto, more=False)


def _told(store: Store, user: int, entry: FeedEntry, wish: FeedWish) -> Iterator[NumberedEvent]:
    yield from _deletions(entry)  # whatever is wished: what was told under another filter is deleted, too
    wanted = [
        (number, event)
        for number, event in enumerate(entry.events, start=entry.first)
        if (not wish.kinds or event.kind in wish.kinds) and (not wish.verdicts or event.verdict in wish.verdicts)
    ]
    if not wanted:
        return
    numbers = {event.message for _, event in wanted}
    messages = {number: one for number, one in store.messages.get_many(numbers).items() if one.user == user}
    campaigns, urls = store.campaigns.of_messages(messages), store.messages.link_urls(messages)
    mine = [(number, event) for number, event in wanted if event.message in messages]
    copies = store.messages.copies_by_id({event.copy for _, event in mine})
    whom = address_key(wish.recipient) if wish.recipient else ""
    for number, event in mine:
        recipient = copies[event.copy].recipient if event.copy in copies else ""
        campaign = campaigns.get(event.message, 0)
        if (whom and address_key(recipient) != whom) or (wish.campaign and campaign != wish.campaign):
            continue
        url = urls.get(event.message, {}).get(event.position, "")
        yield NumberedEvent(2 * number, _event(event, messages[event.message], campaign, recipient, url))


def _deletions(entry: FeedEntry) -> Iterator[NumberedEvent]:
    """Before the entry's events."""
    told = {}
    if entry.remove:
        told["events"] = [id_text(event) for event in entry.remove]
    if entry.erase:
        told["copies"] = [id_text(copy) for copy in entry.erase]
    if told:
        yield NumberedEvent(2 * entry.first - 1, {"type": "erased", **told})


def _event(event: Event, message: Message, campaign: int, recipient: str, url: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": id_text(event.id),
        "type": event.kind.value,
        "at": to_iso(event.at),
        "message": id_text(event.message),
        "copy": id_text(event.copy) if event.copy else None,
        "recipient": recipient,
        "subject": message.subject,
        "campaign": id_text(campaign) if campaign else None,
        "link": {"position": event.position, "url": url} if event.position >= 0 else None,
        "verdict": event.verdict.value,
        "confidence": how_sure(event.reasons),
        "reasons": list(event.reasons),
        "why": explained(event.reasons, event.facts.get(WHY, "")),
        "rules_version": event.rules_version,
        "facts": event.facts | ({"address": event.address} if event.address else {}),
        "replaces": None,
    }
    if event.first_verdict is not None:
        told["replaces"] = {"id": id_text(event.id), "verdict": event.first_verdict.value, "cause": event.cause}
    return told
