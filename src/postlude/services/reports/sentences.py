"""One English sentence for every event."""

from collections.abc import Callable
from typing import Final

from postlude.classify import COLLEAGUE
from postlude.kit.clock import to_iso
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict

_SELF = "by yourself"
_WHO: Final = {
    Verdict.HUMAN: "by a person",
    Verdict.HUMAN_PROXIED: "by a person, through an image proxy",
    Verdict.UNKNOWN: "by a person or a machine: not possible to tell",
    Verdict.MACHINE_SUSPECTED: "probably by a machine",
    Verdict.MACHINE: "by a machine",
    Verdict.SELF: _SELF,
}
_MAX_TEXT: Final = 200
_PAGES: Final = {
    "unsubscribe_page": "Looked at the unsubscribe page",
    "preferences_page": "Looked at the preferences page",
    "preferences": "Changed the preferences",
    "view": "Viewed in the browser",
    "pixel": "Checked the image without loading it",
    "damaged_link": "Tried a damaged form of a link",
}
_PROBABLY: Final = frozenset({"subject", "address"})
"""Evidence that fits one copy and proves nothing."""


def summary(event: Event, nth: int, url: str = "") -> str:
    """What happened, in one sentence without a full stop. `nth` counts the same thing by people on one copy."""
    return _clip(_SENTENCES[event.kind](event, nth, url))


def _by_whom(event: Event) -> str:
    return "by a colleague" if event.reasons[:1] == (COLLEAGUE,) else _WHO[event.verdict]


def _matched(event: Event) -> str:
    """How far it is certain that this is about this copy; empty when it is."""
    if event.facts.get("evidence", "") in _PROBABLY:
        return ", probably about this message"
    return ", assigned by hand" if event.facts.get("evidence") == "by_hand" else ""


def _clip(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1].rstrip() + "…"


def _answer(event: Event) -> str:
    facts = event.facts
    text = facts.get("text") or facts.get("diagnostic", "")
    code, enhanced = facts.get("code", ""), facts.get("enhanced") or facts.get("status", "")
    reported = [part for part in (code, enhanced) if part and not text.startswith(part)]
    if code and text.startswith(code):
        reported = []
    return " ".join([*reported, text]).strip()


def _with(start: str, *, at: str = "", rest: str = "") -> str:
    return start + (f" by {at}" if at else "") + (f": {rest}" if rest else "")


def _queued(event: Event, _nth: int, _url: str) -> str:
    if "again" in event.facts:
        return "Queued again, because a user asked for it"
    untracked = event.facts.get("untracked", "")
    return "Accepted for sending" + (f", without tracking: {untracked}" if untracked else "")


def _sent(event: Event, _nth: int, _url: str) -> str:
    if event.facts.get("phase") == "sandbox":
        return "Put into the sandbox mailbox"
    if event.facts.get("finding") == "relayed":
        return "Passed on to a system that sends no reports"
    server = event.facts.get("server", "")
    return f"Handed over to {server}" if server else "Handed over to the next server"


def _deferred(event: Event, _nth: int, _url: str) -> str:
    retry = event.facts.get("retry_at", "")
    again = f", next attempt at {to_iso(int(retry))[:16].replace('T', ' ')} UTC" if retry.isdecimal() else ""
    phase = event.facts.get("phase", "")
    start = "Could not connect" if phase == "connect" else _with("Deferred", at=event.facts.get("server", ""))
    return _with(start, rest=_answer(event)) + again


def _delivered(event: Event, _nth: int, _url: str) -> str:
    if event.facts.get("phase") == "sandbox":
        return "Delivered to the sandbox mailbox"
    channel = event.facts.get("channel", "")
    by = channel.removeprefix("provider:")
    return _with("Delivered", rest=f"confirmed by {by}" if by != channel else "confirmed by a report")


def _bounced(event: Event, _nth: int, _url: str) -> str:
    reason = event.facts.get("reason", "").replace("_", " ")
    return _with("Came back" + (f" ({reason})" if reason else "") + _matched(event), rest=_answer(event))


def _rejected(event: Event, _nth: int, _url: str) -> str:
    return _with("Refused", at=event.facts.get("server", ""), rest=_answer(event))


def _indeterminate(event: Event, _nth: int, _url: str) -> str:
    server = event.facts.get("server") or "the next server"
    again = to_iso(int(event.facts["retry_at"])) if event.facts.get("retry_at") else ""
    then = f"tried once more at {again}, as its sender is set" if again else "no second try by itself"
    return f"The connection to {server} was lost before it answered: it may have the mail, {then}"


def _expired(event: Event, _nth: int, _url: str) -> str:
    return _with("Given up after the last retry", rest=_answer(event))


def _ordinal(nth: int) -> str:
    if nth <= 1:
        return ""
    ending = "th" if nth % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(nth % 10, "th")
    return f" ({nth}{ending} time)"


def _opened(event: Event, nth: int, _url: str) -> str:
    client = event.facts.get("client", "")
    return "Opened" + (f" in {client}" if client else "") + f" {_by_whom(event)}" + _ordinal(nth)


def _clicked(event: Event, nth: int, url: str) -> str:
    return f"Clicked {_destination(event, url)} {_by_whom(event)}" + _ordinal(nth)


def _destination(event: Event, url: str) -> str:
    what = url or event.facts.get("url", "") or f"link {event.position}"
    return what if len(what) <= 100 else what[:99] + "…"  # noqa: PLR2004 - leaves room for who


def _unsubscribed(event: Event, _nth: int, _url: str) -> str:
    what = " from all mailings" if event.facts.get("scope") == "all" else ""
    return ("Unsubscribed by mail" if "channel" in event.facts else f"Unsubscribed{what}") + _matched(event)


def _complained(event: Event, _nth: int, _url: str) -> str:
    kind = event.facts.get("feedback_type", "")
    return ("Marked as spam" if kind in {"", "abuse"} else f"Complained about ({kind})") + _matched(event)


def _replied(event: Event, _nth: int, _url: str) -> str:
    who = event.facts.get("sender") or event.facts.get("from", "")
    wish = ", asking to unsubscribe" if event.facts.get("wish") == "leave" else ""
    return "Answered" + (f" by {who}" if who else "") + wish + _matched(event)


def _autoresponded(event: Event, _nth: int, _url: str) -> str:
    return _with("Answered automatically", rest=event.facts.get("subject", ""))


def _displayed(_event: Event, _nth: int, _url: str) -> str:
    return "Displayed, according to a read receipt"


def _viewed(event: Event, _nth: int, url: str) -> str:
    page = event.facts.get("page", "")
    if page == "link":
        return f"Checked {_destination(event, url)} without following it {_by_whom(event)}"
    return _PAGES.get(page, "Looked at a page about this mail") + f" {_by_whom(event)}"


def _unmatched(event: Event, _nth: int, _url: str) -> str:
    return _with("Returned mail that does not count", rest=LOST.get(event.facts.get("unmatched", ""), ""))


LOST: Final = {
    "asks_to_leave": "it asks to be taken off",
    "nothing_of_ours": "it refers to none of our messages",
    "unknown_copy": "it names a copy that is not stored",
    "ambiguous": "several messages match",
    "conflict": "its statements contradict each other",
    "other_sender": "the answer came from another address than the recipient's",
    "colleague": "it came from the sender's own side",
    "report": "a report that changes nothing",
    "unreadable": "it cannot be read",
}
_SENTENCES: Final[dict[EventKind, Callable[[Event, int, str], str]]] = {
    EventKind.QUEUED: _queued,
    EventKind.SENT: _sent,
    EventKind.DEFERRED: _deferred,
    EventKind.DELIVERED: _delivered,
    EventKind.BOUNCED: _bounced,
    EventKind.REJECTED: _rejected,
    EventKind.INDETERMINATE: _indeterminate,
    EventKind.EXPIRED: _expired,
    EventKind.OPENED: _opened,
    EventKind.CLICKED: _clicked,
    EventKind.UNSUBSCRIBED: _unsubscribed,
    EventKind.COMPLAINED: _complained,
    EventKind.REPLIED: _replied,
    EventKind.AUTORESPONDED: _autoresponded,
    EventKind.DISPLAYED: _displayed,
    EventKind.VIEWED: _viewed,
    EventKind.UNMATCHED: _unmatched,
}
