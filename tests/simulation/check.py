"""The end of a simulation against the model: each function is one promise, and names what breaks it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

from postlude.classify import RULES_VERSION
from postlude.services.digest.reclassify import Reclassifier
from postlude.services.reports.shapes import CopyView, MessageView, TimelineEntry
from simulation.clock import MICROS
from simulation.model import REPEATING, Asked, Key, Model
from simulation.next_server import NextServer
from simulation.processes import AppProcess, Process

_OURS: Final = frozenset({"opened", "clicked", "viewed", "unsubscribed"})
_ARRIVED: Final = frozenset({"opened", "clicked", "unsubscribed", "replied", "complained", "bounced"})
"""What shows that a copy whose fate was not known has arrived."""
_TRIES: Final = frozenset({"sent", "deferred", "rejected", "indeterminate", "expired"})
_PEOPLE: Final = frozenset({"human", "human_proxied"})
_MACHINES: Final = frozenset({"machine", "machine_suspected"})
_WINDOW: Final = 30 * MICROS
_QUARANTINED: Final = ("failed", "refused", "unreadable", "unhandled", "unproven", "waiting", "unmatched", "returned")


class Found:
    """Everything the reports say, asked once."""

    def __init__(self, model: Model, server: NextServer, app: AppProcess, processes: list[Process]) -> None:
        reports = app.reports
        self.model: Final = model
        self.server: Final = server
        self.app: Final = app
        self.lost: Final = sum(process.lost + process.lost_so_far for process in processes)
        self.rows: Final = reports.messages(limit=10_000)
        self.views: Final[dict[int, MessageView]] = {row.message: reports.message(row.message) for row in self.rows}
        self.timelines: Final[dict[int, list[TimelineEntry]]] = {
            message: reports.timeline(message) for message in self.views
        }
        self.copies: Final[dict[str, list[CopyView]]] = defaultdict(list)
        for view in self.views.values():
            for copy in view.copies:
                self.copies[copy.recipient].append(copy)
        self.entries: Final[dict[Key, list[TimelineEntry]]] = defaultdict(list)
        for entry in self.every():
            if entry.kind in _OURS:
                self.entries[_key(entry)].append(entry)

    def every(self) -> Iterator[TimelineEntry]:
        """All entries of all timelines."""
        for entries in self.timelines.values():
            yield from entries

    def of(self, copy: CopyView) -> list[TimelineEntry]:
        """One copy's entries."""
        return [entry for entry in self.every() if entry.copy == copy.copy]


def _key(entry: TimelineEntry) -> Key:
    return Key(entry.kind, entry.recipient, entry.position, entry.facts.get("address", ""))


Promise = Callable[[Found], Iterator[str]]


def problems(found: Found) -> list[str]:
    """What does not hold; empty when everything does."""
    return [f"{promise.__name__}: {text}" for promise in PROMISES for text in promise(found)]


def accepted_messages_are_there(found: Found) -> Iterator[str]:
    """250 means: one message, one copy a recipient. Without it at most that."""
    for one in found.model.submitted:
        for recipient in one.recipients:
            copies = found.copies.get(recipient, [])
            if len(copies) > 1 or (one.accepted and not copies):
                yield f"{recipient} has {len(copies)} copies, accepted as {one.accepted:x}"


def answered_hits_count_exactly_once(found: Found) -> Iterator[str]:
    """Every hit that was answered and not reported lost is one event; every other is one at most."""
    asked: dict[Key, list[Asked]] = defaultdict(list)
    for one in found.model.asked:
        asked[one.key].append(one)
    for key, requests in asked.items():
        entries = found.entries.get(key, [])
        if key.kind == "opened" and requests[0].agent == REPEATING:
            proxied = [
                one for other in asked if _same_copy(key, other, asked[other]) for one in found.entries.get(other, [])
            ]
            yield from _repeating(key, requests, entries, proxied)
            continue
        least, most = sum(one.sure for one in requests), len(requests)
        if not least <= len(entries) <= most:
            yield f"{key}: {len(entries)} events of {least} answered and {most} sent"
        for entry in entries:
            if not any(_may_be(one, entry) for one in requests):
                yield f"{key}: an event at {entry.at}, when nobody asked"


def _may_be(one: Asked, entry: TimelineEntry) -> bool:
    seen = entry.at - one.ahead
    return one.sent <= seen and (one.answered is None or seen <= one.answered)


def _same_copy(key: Key, other: Key, requests: list[Asked]) -> bool:
    """Whether the same provider's image proxy opened the same copy, from whichever of its addresses."""
    return requests[0].agent == REPEATING and other.kind == key.kind and other.recipient == key.recipient


def _repeating(
    key: Key, requests: list[Asked], entries: list[TimelineEntry], proxied: list[TimelineEntry]
) -> Iterator[str]:
    """A proxy that asks again within 30 seconds is one opening, also from another of its addresses."""
    times = sorted(entry.at for entry in entries if entry.verdict in _PEOPLE)
    if any(later - earlier <= _WINDOW for earlier, later in pairwise(times)):
        yield f"{key}: repeats within 30 seconds were counted, at {times}"
    for one in requests:
        if one.answered is None or not one.sure:
            continue
        first, last = one.sent + one.ahead - _WINDOW, one.answered + one.ahead
        if not any(first <= entry.at <= last and entry.verdict in _PEOPLE for entry in proxied):
            yield f"{key}: answered at {one.answered}, and no opening then or in the 30 seconds before"


def nothing_else_counts(found: Found) -> Iterator[str]:
    """No event without a genuine request, none outside the timelines, none twice in them."""
    known = {one.key for one in found.model.asked} | found.model.checked
    for key in found.entries:
        if key not in known:
            yield f"{key} was never asked for"
    total, shown = found.app.history.total(), sum(1 for _ in found.every())
    if total != shown:
        yield f"{total} events in the history, {shown} in the timelines"


def losses_are_reported(found: Found) -> Iterator[str]:
    """What was answered and is not there was reported as lost."""
    missing = 0
    for key, number in Counter(one.key for one in found.model.asked if one.answered is not None).items():
        requests = [one for one in found.model.asked if one.key == key]
        if requests[0].agent != REPEATING:
            missing += max(0, number - len(found.entries.get(key, [])))
    if missing > found.lost:
        yield f"{missing} answered hits are missing, {found.lost} were reported lost"


def counters_equal_history(found: Found) -> Iterator[str]:
    """The projections are what the timelines add up to."""
    for view in found.views.values():
        for copy in view.copies:
            entries = found.of(copy)
            opens, clicks = (_by_verdict(entries, kind) for kind in ("opened", "clicked"))
            implied = not opens["people"] and clicks["people"] > 0
            expected = [1 if implied else opens["people"], opens["unknown"], opens["machine"]]
            expected += [clicks["people"], clicks["unknown"], clicks["machine"]]
            shown = [copy.opens, copy.opens_unknown, copy.opens_machine]
            shown += [copy.clicks, copy.clicks_unknown, copy.clicks_machine]
            if shown != expected:
                yield f"{copy.recipient}: counters {shown}, history {expected}"
            left = min((entry.at for entry in entries if entry.kind == "unsubscribed"), default=None)
            if copy.unsubscribed_at != left:
                yield f"{copy.recipient}: unsubscribed at {copy.unsubscribed_at}, history {left}"
        for link in view.links:
            clicks = _by_verdict(
                [entry for entry in found.timelines[view.message] if entry.position == link.position], "clicked"
            )
            if (link.clicks, link.clicks_unknown, link.clicks_machine) != (
                clicks["people"],
                clicks["unknown"],
                clicks["machine"],
            ):
                yield f"link {link.position} of {view.message:x}: {link.clicks} clicks, history {clicks}"


def _by_verdict(entries: list[TimelineEntry], kind: str) -> Counter[str]:
    groups = {**dict.fromkeys(_PEOPLE, "people"), **dict.fromkeys(_MACHINES, "machine")}
    return Counter(groups.get(entry.verdict, entry.verdict) for entry in entries if entry.kind == kind)


def verdicts_are_the_same_from_nothing(found: Found) -> Iterator[str]:
    """Whatever came late, twice or after a restart: judging the whole history again changes no verdict."""
    work = Reclassifier(found.app.history, found.app.store, rules_version=RULES_VERSION + 1)
    work.start(dry_run=True)
    while work.step():
        pass
    for change, number in work.progress().changes.items():
        yield f"{number} events: {change}"


def copies_end_as_the_next_server_says(found: Found) -> Iterator[str]:
    """Nobody gets a copy twice, and every copy's status is what became of it."""
    for recipient, copies in found.copies.items():
        known, copy = found.server.recipients[recipient], copies[0]
        reported = [outcome.value for outcome in known.reported]
        told = f"{recipient} is {copy.status}: {len(known.mails)} accepted, said {reported}, {known.tries} tries"
        if len(known.mails) > 1:
            yield f"{told}: sent twice"
        died = found.model.deaths["app"] > 0
        fits = {
            # Nobody knew, and what came of it later said that it had arrived.
            "sent": len(known.mails) == 1 and ("accepted" in reported or "indeterminate" in reported or died),
            "rejected": "rejected" in reported,
            "expired": bool(reported) and not known.mails,
            "indeterminate": "indeterminate" in reported or died,
        }
        if not fits.get(copy.status, False):
            yield told
        if copy.status != "sent" and "accepted" in reported and not died:
            yield told


def every_try_is_on_the_timeline(found: Found) -> Iterator[str]:
    """One QUEUED, then one event a try, the last of them the status."""
    for copies in found.copies.values():
        copy = copies[0]
        kinds = [entry.kind for entry in found.of(copy)]
        tries = [kind for kind in kinds if kind in _TRIES]
        if kinds.count("queued") != 1:
            yield f"{copy.recipient}: queued {kinds.count('queued')} times"
        repeated = found.model.refusals["app"] > 0  # a result whose append was refused is appended again
        if len(tries) != copy.attempts and not (repeated and len(tries) > copy.attempts):
            yield f"{copy.recipient}: {copy.attempts} attempts, timeline {tries}"
        settled = tries[-1:] == ["indeterminate"] and copy.status == "sent" and not _ARRIVED.isdisjoint(kinds)
        if not settled and tries[-1:] != [copy.status]:
            yield f"{copy.recipient}: is {copy.status}, timeline {tries}"


def every_record_has_one_outcome(found: Found) -> Iterator[str]:
    """Nothing is quarantined that is whole, and both stores stand at the same place."""
    outcomes = found.app.store.digest.outcomes()
    reasons = [one.reason for one in found.app.store.feedback.list_quarantined()]
    for name in _QUARANTINED:
        if outcomes.get(name):
            yield f"{outcomes[name]} records {name}: {reasons}"
    state, history = found.app.store.digest.positions(), found.app.history.positions()
    if state != history:
        yield f"state stands at {state}, history at {history}"


def unsubscribing_is_honoured(found: Found) -> Iterator[str]:
    """Who was told that they are unsubscribed is not mailed."""
    told = [one.key.recipient for one in found.model.asked if one.key.kind == "unsubscribed" and one.sure]
    for recipient in sorted(set(told) - found.app.store.suppressions.contains(told)):
        yield f"{recipient} was told so and is not suppressed"


def nothing_went_wrong_on_the_way(found: Found) -> Iterator[str]:
    """Answers were as they must be, and no part of a process ended by itself."""
    yield from found.model.wrong
    if found.app.worker.done():
        yield f"the sender ended: {found.app.worker!r}"
    if found.app.digest.problem:
        yield f"the digest waits: {found.app.digest.problem}"


PROMISES: Final[tuple[Promise, ...]] = (
    accepted_messages_are_there,
    answered_hits_count_exactly_once,
    nothing_else_counts,
    losses_are_reported,
    counters_equal_history,
    verdicts_are_the_same_from_nothing,
    copies_end_as_the_next_server_says,
    every_try_is_on_the_timeline,
    every_record_has_one_outcome,
    unsubscribing_is_honoured,
    nothing_went_wrong_on_the_way,
)
