"""Events as a table for spreadsheets: what happened, who it was, how sure that is, and why."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from postlude.kit.clock import to_iso
from postlude.kit.ids import id_text
from postlude.services.reports.shapes import TimelineEntry

EVENT_COLUMNS: Final = (
    "time", "recipient", "event", "who", "how sure", "why", "correction", "summary", "link", "verdict", "rules", "copy"
)  # fmt: skip


def event_rows(entries: Iterable[TimelineEntry]) -> Iterator[list[str]]:
    """One row an event, under EVENT_COLUMNS. Times are UTC."""
    for entry in entries:
        yield event_row({**msgspec.structs.asdict(entry), "copy": id_text(entry.copy)})


def event_row(entry: Mapping[str, Any]) -> list[str]:
    """The row of an event as the public JSON has it."""
    judged = bool(entry["who"])
    return [
        to_iso(entry["at"]), entry["recipient"], entry["kind"], entry["who"], entry["sure"], entry["why"],
        entry["correction"], entry["summary"], entry["facts"].get("url", ""), entry["verdict"] if judged else "",
        " ".join(entry["reasons"]), entry["copy"],
    ]  # fmt: skip
