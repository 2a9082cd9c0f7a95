"""Events as the rows of DuckDB's tables, and back."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict

COLUMNS: Final = (
    "id, kind, seen_at, message, copy, position, verdict, reasons, rules_version, facts, address, workspace, "
    "first_verdict, cause"
)
"""What `read_event` takes, in its order."""
_REMEMBERED: Final = 4096
_encode: Final = msgspec.json.Encoder().encode
_read_facts: Final = msgspec.json.Decoder(dict[str, str]).decode
read_reasons: Final = msgspec.json.Decoder(tuple[str, ...]).decode


class EventRows:
    """Makes rows; remembers the texts of lists of reasons, of which there are few."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, ...], str] = {}

    def of(self, events: Sequence[Event], number: int = 0) -> list[tuple[object, ...]]:
        """One row per event with all its columns; `number`: of the first in the feed, 0 when it is in none."""
        rows: list[tuple[object, ...]] = []
        reasons = self._reasons
        texts: dict[int, str] = {}  # facts as JSON by the very dictionary: the events of one kind of visitor share it
        for event in events:
            event_id, kind, at, message, copy, place, verdict, why, version, facts, address, space, was, cause = (
                astuple(event)
            )
            text = texts.get(id(facts))
            if text is None:
                texts[id(facts)] = text = _encode(facts).decode() if facts else "{}"
            because = reasons.get(why) or self._reasons_of(why)
            # Words (kind, verdict) are text.
            rows.append(
                (event_id, kind, at, message, copy, place, verdict, because, version, text, address, space, was or "",
                 cause, number)
            )  # fmt: skip
            number += number > 0
        return rows

    def _reasons_of(self, reasons: tuple[str, ...]) -> str:
        if len(self._reasons) >= _REMEMBERED:
            self._reasons.clear()
        self._reasons[reasons] = text = _encode(reasons).decode()
        return text


def _facts(text: str) -> dict[str, str]:
    facts = _read_facts(text)
    if "door" in facts:  # as older versions called the channel that something came back through
        facts["channel"] = facts.pop("door")
    return facts


def read_event(row: tuple[Any, ...]) -> Event:
    """The event of one row of `COLUMNS`."""
    event_id, kind, at, message, copy, position, verdict, reasons, rules_version, facts, address, space, was, why = row
    return Event(
        event_id,
        EventKind(kind),
        at,
        message,
        copy,
        position,
        Verdict(verdict),
        read_reasons(reasons),
        rules_version,
        _facts(facts),
        address,
        space,
        Verdict(was) if was else None,
        why,
    )
