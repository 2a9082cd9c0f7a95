"""The public JSON of a timeline: the same from the running app, from the stores and on the command line."""

from typing import Any

import msgspec

from postlude.kit.ids import parse_id
from postlude.services.reports import Reports


def story(reports: Reports, query: str, limit: int) -> dict[str, Any]:
    """`{"query", "messages": [{"message": MessageView, "timeline": [TimelineEntry]}]}`, newest message first."""
    own = parse_id(query)
    found = [own] if own is not None else reports.find(query)[:limit]
    messages = [{"message": reports.message(m), "timeline": reports.timeline(m)} for m in found]
    built: dict[str, Any] = msgspec.to_builtins({"query": query, "messages": messages})
    return built
