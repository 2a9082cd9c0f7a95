"""Whom a part of a report is about, as expressions of the segment language: for another mailing to them."""

from typing import Final, get_args

from postlude.kit.clock import to_datetime
from postlude.segments import render
from postlude.segments.expression import Action, Did, Reference

_OUTCOMES: Final[dict[str, Action]] = {
    "": "sent",
    "left_all": "unsubscribed",
    **{one: one for one in get_args(Action) if one != "autoresponded"},
}
_MICROS: Final = 1_000_000


class ReportSegments:
    """Expressions about the recipients of one campaign."""

    def __init__(self, campaign: int) -> None:
        self._campaign: Final = Reference(id=campaign)

    def outcome(self, what: str = "") -> str:
        """Who did `what`, as reports name it; all recipients for an empty one; empty for what cannot be asked."""
        action = _OUTCOMES.get(what)
        return "" if action is None else render(Did(action, campaign=self._campaign))

    def period(self, at: int, seconds: int) -> str:
        """Who opened from `at` on, within so many seconds; a click is an opening too."""
        since, before = (_moment(at), _moment(at + seconds * _MICROS))
        return render(Did("opened", campaign=self._campaign, since=since, before=before))

    def link(self, url: str) -> str:
        """Who clicked on a link to `url`."""
        return render(Did("clicked", campaign=self._campaign, link=url))


def _moment(at: int) -> str:
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M")
