"""Ids of rules, verdicts and reasons in plain words. An id without words is shown as it is, never hidden."""

from typing import Final

from postlude.classify import RULE_WORDS, VERDICT_WORDS
from postlude.services.reports.sentences import LOST
from postlude.services.reports.shapes import TimelineEntry

_KINDS: Final = {
    "queued": "Queued",
    "sent": "Sent",
    "deferred": "Deferred",
    "delivered": "Delivered",
    "bounced": "Bounced",
    "rejected": "Refused",
    "indeterminate": "Indeterminate",
    "expired": "Given up",
    "opened": "Opened",
    "clicked": "Clicked",
    "unsubscribed": "Unsubscribed",
    "complained": "Marked as spam",
    "replied": "Replied",
    "autoresponded": "Answered automatically",
    "displayed": "Read receipt",
    "viewed": "Page viewed",
    "unmatched": "Not matched",
}

_CHECKED: Final = {"link": "Link checked", "pixel": "Image checked", "damaged_link": "Damaged link tried"}

_SKIPPED: Final = {
    "clicks_off": "clicks are not tracked in this message",
    "text_off": "in the plain text, which is not tracked",
    "empty": "leads nowhere",
    "anchor": "leads to a place in the message",
    "scheme": "not a web link",
    "relative": "not a complete address",
    "bad_url": "no browser would follow it",
    "undecodable": "cannot be read",
    "placeholder": "an unfilled field",
    "own_page": "our own page",
    "already_tracked": "tracked already",
    "quoted": "quoted from an earlier message",
    "opted_out": "switched off in the message",
    "excluded": "excluded by you",
    "universal_link": "opens an app",
    "unsubscribe": "an unsubscribe link",
    "text_shows_host": "its text shows the address",
    "too_long": "too long",
    "wrapped": "broken over two lines",
    "too_many": "too many links",
}


def verdict_words(verdict: str) -> str:
    """Who caused it."""
    return VERDICT_WORDS.get(verdict, verdict)


def kind_words(kind: str) -> str:
    """What happened, as a heading."""
    return _KINDS.get(kind, kind)


def event_words(entry: TimelineEntry) -> str:
    """What happened in one event, as a heading; a link that was only checked was not followed."""
    return _CHECKED.get(entry.facts.get("page", ""), "") or kind_words(entry.kind)


def rule_words(rule: str) -> str:
    """Why the verdict is what it is: one sentence."""
    return RULE_WORDS.get(rule, rule)


def skip_words(reason: str) -> str:
    """Why a link is not tracked."""
    return _SKIPPED.get(reason, reason)


def plural(count: int, one: str, many: str = "") -> str:
    """`1 open`, `2 opens`, `2 replies`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def lost_words(reason: str) -> str:
    """Why something that came back counts for nothing."""
    return LOST.get(reason, reason.replace("_", " "))
