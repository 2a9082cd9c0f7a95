"""How much contacts care for the mail they get, in words: the store computes it (`store.contacts.engagement`)."""

from collections.abc import Iterator
from typing import IO, Any, Final

from postlude.analytics.engagement import Engagement
from postlude.kit.clock import to_iso
from postlude.kit.csv_table import CsvTable
from postlude.model.words import EngagementState
from postlude.store import Store

_PAGE: Final = 2000
_NUMBERS: Final = ("mails", "answered", "clicked", "opened", "perhaps")
_WORDS: Final = {
    EngagementState.NEW: "New: too few mails, or too short a time, to say more",
    EngagementState.ACTIVE: "Active: opened, clicked or answered lately",
    EngagementState.HOT: "Hot: opened or visited one mail again and again within days, and has not answered",
    EngagementState.LAPSING: "Lapsing: has let the last mails be",
    EngagementState.INACTIVE: "Inactive: no sign of life for half a year and the last five mails",
    EngagementState.UNREACHABLE: "Unreachable: mail comes back",
    EngagementState.UNKNOWN: "Not known: mail to this contact is not tracked, or cannot be told from machines",
}


def engagement_rows(store: Store, state: EngagementState) -> Iterator[list[str]]:
    """The header and one row a contact in the state, the highest score first."""
    yield ["email", "name", "state", "score", *_NUMBERS, "last_mailed_at", "last_seen_at"]
    before = 0
    while page := store.engagement.page(state, before=before, limit=_PAGE):
        for one in page:
            score = "" if one.score is None else str(one.score)
            times = [to_iso(at) if at is not None else "" for at in (one.last_mailed_at, one.last_seen_at)]
            numbers = [str(getattr(one, name)) for name in _NUMBERS]
            yield [one.contact.spelled, one.contact.name, state.value, score, *numbers, *times]
        before = page[-1].contact.id


def export_state(store: Store, out: IO[str], state: EngagementState) -> int:
    """Write `engagement_rows` as CSV; how many contacts. Memory stays flat."""
    table, total = CsvTable(out), -1
    for row in engagement_rows(store, state):
        table.writerow(row)
        total += 1
    return total


def state_sentence(state: EngagementState) -> str:
    """What a state means, as a sentence that begins with its word."""
    return _WORDS[state]


def engagement_words(found: Engagement) -> str:
    """The state in a sentence."""
    return state_sentence(found.state)


def engagement_parts(found: Engagement) -> str:
    """What the score is made of, in a sentence; empty without tracked mail."""
    if not found.mails:
        return ""
    counts = [
        (found.answered, "answered"),
        (found.clicked, "clicked"),
        (found.opened, "opened"),
        (found.perhaps, "perhaps opened"),
        (found.nothing, "without a sign"),
    ]
    parts = ", ".join(f"{count} {words}" for count, words in counts if count)
    return f"{found.mails} tracked {'mail' if found.mails == 1 else 'mails'}: {parts}"


def engagement_json(found: Engagement) -> dict[str, Any]:
    """With the public names."""
    return {
        "state": found.state.value,
        "score": found.score,
        "mails": found.mails,
        "answered": found.answered,
        "clicked": found.clicked,
        "opened": found.opened,
        "perhaps_opened": found.perhaps,
        "nothing": found.nothing,
        "last_mailed_at": to_iso(found.last_mailed_at) if found.last_mailed_at is not None else None,
        "last_seen_at": to_iso(found.last_seen_at) if found.last_seen_at is not None else None,
    }
