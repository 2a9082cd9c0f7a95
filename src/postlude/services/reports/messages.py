"""Results of messages: lists, one message, its timeline."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from postlude.classify import VERDICT_WORDS, explained, how_sure, who_words
from postlude.history import History
from postlude.model.event import LATE_FACTS, RECLASSIFY, WHY, Event
from postlude.model.words import PEOPLE, CopyStatus, EventKind, Verdict
from postlude.services.reports.sentences import summary
from postlude.services.reports.shapes import (
    CopyView,
    JudgedLine,
    LinkView,
    MessageView,
    SentMessage,
    TimelineEntry,
)
from postlude.store import Activity, Copy, Link, LinkActivity, Message, MessageTotals, Store

__all__ = ["CopyView", "LinkView", "MessageView", "Reports", "SentMessage", "TimelineEntry"]

TIMELINE: Final = 10_000
"""Events of a timeline, at most, where nothing else is asked for."""
ON_A_PAGE: Final = 200
"""Events that a page shows: what a page costs does not grow with how often a mail was opened."""
_AT_ONCE: Final = 1_000
_COUNTED = frozenset({EventKind.OPENED, EventKind.CLICKED})
_JUDGED = frozenset({EventKind.OPENED, EventKind.CLICKED, EventKind.UNSUBSCRIBED, EventKind.VIEWED})


class ReceivedMessage(NamedTuple):
    """A message as one of its recipients got it."""

    message: Message
    timeline: list[TimelineEntry]
    """What happened to the copy to that address, oldest first."""


class Reports:
    """Reads projections for numbers and the history for timelines. Safe to share between threads."""

    def __init__(self, store: Store, history: History) -> None:
        self._store = store
        self._history = history

    def messages(self, user: int | None = None, before: int | None = None, limit: int = 50) -> list[SentMessage]:
        """Messages newest first; `before` is the `message` of the last row of the page before."""
        found = self._store.messages.page(user, before, limit)
        ids = [message.id for message in found]
        totals, names = self._store.messages.totals(ids), self._store.messages.first_recipients(ids)
        return [_row(one, totals.get(one.id) or MessageTotals(message=one.id), names.get(one.id, ())) for one in found]

    def message(self, message: int, recipient: str = "") -> MessageView:
        """One message with its copies and links; NotFoundError when it is not stored.

        With a `recipient`, of all copies only those to that address, if there are any: a campaign's has one.
        """
        found = self._store.messages.get(message)
        mine = self._store.messages.copies(message, recipient) if recipient else []
        copies = mine or self._store.messages.copies(message)
        clicks = self._link_activity(message)
        return MessageView(
            message=found.id,
            message_id=found.message_id,
            subject=found.subject,
            sender=found.sender,
            created_at=found.created_at,
            via=found.via,
            opens_tracked=found.opens,
            clicks_tracked=found.clicks,
            copies=tuple(self.copy_views(copies)),
            links=tuple(_link_view(one, clicks.get(one.position)) for one in self._store.messages.links(message)),
            user=found.user,
            size=found.size,
            untracked=found.untracked,
            purpose=found.purpose.value,
        )

    def _link_activity(self, message: int) -> dict[int, LinkActivity]:
        """Of the links by position. When one was followed last is not stored where that click was taken back."""
        found = self._store.messages.link_activity(message)
        if any(one.clicks and one.last_at is None for one in found.values()):
            last = {total.position: total.last_at for total in self._history.link_totals([message])}
            found = {
                place: msgspec.structs.replace(one, last_at=last.get(place)) if one.clicks else one
                for place, one in found.items()
            }
        return found

    def timeline(self, message: int, recipient: str = "", *, limit: int = TIMELINE) -> list[TimelineEntry]:
        """The newest events of a message, oldest first; with a `recipient` those of its copies to them, if any."""
        if recipient and (mine := self._store.messages.copies(message, recipient)):
            return [entry for copy in mine for entry in self.copy_timeline(copy)]
        recipients = {one.id: one.recipient for one in self._store.messages.copies(message)}
        urls = {one.position: one.url for one in self._store.messages.links(message)}
        return entries(self._history.timeline(message, limit=limit), recipients, urls)

    def received(self, address: str, user: int, limit: int) -> list[ReceivedMessage]:
        """Messages that `user` sent to an address, newest first, with the results for that address."""
        copies = self._store.messages.copies_to(address, limit=10 * limit)
        messages = self._store.messages.get_many({copy.message for copy in copies})
        mine = [copy for copy in copies if copy.message in messages and messages[copy.message].user == user][:limit]
        timelines = self._timelines(mine)
        return [ReceivedMessage(messages[copy.message], timelines[copy.id]) for copy in mine]

    def _timelines(self, copies: Sequence[Copy]) -> dict[int, list[TimelineEntry]]:
        """The events of each of these copies, oldest first, with one question to each store."""
        messages = {copy.message for copy in copies}
        urls = self._store.messages.link_urls(messages)
        of_copy: dict[int, list[Event]] = {copy.id: [] for copy in copies}
        for event in self._history.of_copies(list(of_copy), messages) if of_copy else ():
            of_copy[event.copy].append(event)
        return {
            copy.id: entries(of_copy[copy.id], {copy.id: copy.recipient}, urls.get(copy.message, {})) for copy in copies
        }

    def export_events(self, path: Path, user: int | None = None) -> int:
        """Write every event, or those of a user's messages, to a Parquet file; how many."""
        if user is None:
            return self._history.export_events(path)
        mine = [message.id for some in self._store.messages.in_parts(user, _AT_ONCE) for message in some]
        return self._history.export_events(path, mine)

    def copy_views(self, copies: Iterable[Copy]) -> list[CopyView]:
        """These copies with their results, in the given order."""
        return copy_views_of(self._store, copies)

    def copy_timeline(self, copy: Copy, *, limit: int = TIMELINE) -> list[TimelineEntry]:
        """The newest events of one copy, oldest first, however many its message has."""
        urls = {one.position: one.url for one in self._store.messages.links(copy.message)}
        return entries(self._history.timeline(copy.message, copy.id, limit=limit), {copy.id: copy.recipient}, urls)

    def copies_timeline(self, copies: Sequence[Copy]) -> list[TimelineEntry]:
        """The events of these copies, copy by copy, each oldest first."""
        places = {copy.id: place for place, copy in enumerate(copies)}
        events = self._history.of_copies(list(places))
        events.sort(key=lambda event: places[event.copy])
        by_message = {copy.message: self._store.messages.links(copy.message) for copy in copies}
        urls = {message: {one.position: one.url for one in links} for message, links in by_message.items()}
        recipients = {copy.id: copy.recipient for copy in copies}
        return [
            entry
            for message, some in groupby(events, key=lambda event: event.message)
            for entry in entries(some, recipients, urls.get(message, {}))
        ]

    def judged(self, messages: Sequence[int]) -> list[JudgedLine]:
        """How the opens and clicks of these messages were judged, the most frequent first."""
        counts: Counter[tuple[EventKind, Verdict, str]] = Counter()
        for kind, verdict, reasons, events in self._history.reason_counts(messages):
            counts[kind, verdict, reasons[0] if reasons else ""] += events
        return [
            JudgedLine(
                kind=kind.value,
                verdict=verdict.value,
                who=who_words(verdict.value, (rule,)),
                sure=how_sure((rule,)),
                why=explained((rule,) if rule else ()),
                rule=rule,
                count=count,
            )
            for (kind, verdict, rule), count in sorted(counts.items(), key=lambda one: (one[0][0], -one[1], one[0]))
        ]

    def find(self, query: str, limit: int = 100) -> list[int]:
        """Ids of the `limit` newest messages with this Message-ID, or to or from this address, newest first."""
        return self._store.messages.find(query, limit)


def entries(events: Iterable[Event], recipients: dict[int, str], urls: dict[int, str]) -> list[TimelineEntry]:
    """Events as people read them; repeats by people on one copy are numbered."""
    seen: Counter[tuple[int, EventKind, int]] = Counter()
    told = []
    for event in events:
        nth = 0
        if event.kind in _COUNTED and event.verdict in PEOPLE:
            seen[event.copy, event.kind, event.position] += 1
            nth = seen[event.copy, event.kind, event.position]
        url = urls.get(event.position, "")
        judged = event.kind in _JUDGED
        told.append(
            TimelineEntry(
                at=event.at,
                kind=event.kind.value,
                recipient=recipients.get(event.copy, ""),
                copy=event.copy,
                position=event.position,
                verdict=event.verdict.value,
                reasons=event.reasons,
                sure=how_sure(event.reasons) if judged else "",
                why=explained(event.reasons, event.facts.get(WHY, "")) if judged else "",
                who=who_words(event.verdict.value, event.reasons) if judged else "",
                first_verdict=event.first_verdict.value if event.first_verdict else "",
                correction=_correction(event) if judged else "",
                cause=event.cause,
                summary=summary(event, nth, url),
                facts=_shown(event, url),
            )
        )
    return told


_BECAUSE: Final = {
    RECLASSIFY: "by the rules of this version",
    LATE_FACTS: "by what became known of its copy later",
}


def _correction(event: Event) -> str:
    """That it was taken for another's first, and what showed that; empty where it was not."""
    if event.first_verdict is None or event.first_verdict is event.verdict:
        return ""
    because = _BECAUSE.get(event.cause, "by what followed")
    return f"First taken for {VERDICT_WORDS[event.first_verdict.value]}, corrected {because}."


def _shown(event: Event, url: str) -> dict[str, str]:
    facts = event.facts | ({"address": event.address} if event.address else {})
    return facts | ({"url": url} if url and event.kind is EventKind.CLICKED else {})


def _row(message: Message, totals: MessageTotals, recipients: tuple[str, ...]) -> SentMessage:
    return SentMessage(
        message=message.id,
        message_id=message.message_id,
        subject=message.subject,
        sender=message.sender,
        created_at=message.created_at,
        via=message.via,
        opens_tracked=message.opens,
        clicks_tracked=message.clicks,
        copies=totals.copies,
        sent=totals.sent,
        failed=totals.failed,
        opened=totals.opened,
        clicked=totals.clicked,
        replied=totals.replied,
        mark=_mark(totals),
        last_open_at=totals.last_open_at,
        recipients=recipients,
        purpose=message.purpose.value,
    )


def _mark(totals: MessageTotals) -> str:
    if totals.failed:
        return "failed" if totals.failed >= totals.copies else "mixed"
    if totals.opened:
        return "opened"
    return "queued" if totals.queued >= totals.copies else "sent"


_COUNTED_OF_A_COPY: Final = tuple(
    name
    for name in Activity.__struct_fields__
    if name in CopyView.__struct_fields__ and name not in {"copy", "delivered_at"}
)
"""Counters of a report."""


def copy_views_of(store: Store, copies: Iterable[Copy]) -> list[CopyView]:
    """These copies with their results, in the given order; without the history."""
    every = list(copies)
    activity = store.messages.activity_of(copy.id for copy in every)
    return [_copy_view(one, activity.get(one.id, Activity(copy=0, message=one.message))) for one in every]


def _copy_view(copy: Copy, done: Activity) -> CopyView:
    implied = not done.opens and (done.clicks > 0 or done.replied_at is not None)
    earliest = min((at for at in (done.first_click_at, done.replied_at) if at is not None), default=None)
    delivered = _delivered(done)
    shown = {name: getattr(done, name) for name in _COUNTED_OF_A_COPY}
    if implied:
        shown |= {"opens": 1, "first_open_at": earliest, "last_open_at": earliest}
    return CopyView(
        **shown,
        copy=copy.id,
        recipient=copy.recipient,
        status=copy.status,
        delivered=delivered,
        delivered_at=done.delivered_at if delivered else None,
        code=copy.code,
        text=copy.text,
        open_implied=implied,
        enhanced=copy.enhanced,
        server=copy.server,
        attempts=copy.attempts,
        next_attempt_at=copy.next_attempt_at if _is_put_off(copy) else None,
    )


def _delivered(done: Activity) -> str:
    # A bounce corrects the next server's 250 and a report, but not a person who had the mail before their eyes.
    return "" if done.bounced_at is not None and done.delivered_how != "implied" else done.delivered_how


def _link_view(link: Link, done: LinkActivity | None) -> LinkView:
    return LinkView(
        position=link.position,
        url=link.url,
        label=link.label,
        tracked=link.tracked,
        reason=link.reason,
        clicks=done.clicks if done else 0,
        clicks_machine=done.clicks_machine if done else 0,
        clicks_unknown=done.clicks_unknown if done else 0,
        last_at=done.last_at if done else None,
    )


def _is_put_off(copy: Copy) -> bool:
    return copy.status is CopyStatus.DEFERRED or (copy.status is CopyStatus.QUEUED and bool(copy.text))
