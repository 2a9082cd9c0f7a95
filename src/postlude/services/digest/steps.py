"""What observations mean: a list of named, guarded steps over a run of journal records."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any, Final

import msgspec

from postlude.journal import JournalRecord
from postlude.model.observation import (
    Attempt,
    AttemptStarted,
    Hit,
    Observation,
    RawHit,
    Resend,
    Resolved,
    Returned,
    Submitted,
    Webhook,
    WorkerStarted,
    decode_quick,
)
from postlude.services.digest.attempts import attempt_started, attempted, resent, worker_started
from postlude.services.digest.hits import Hits
from postlude.services.digest.item import NO_RECORDS_FAULT, Item, RecordOutcome

Step = Callable[[Item, Any], None]
"""Reads one observation of its kind into the item. May raise: then the record is quarantined with the reason."""


class RecordSteps:
    """Turns records into items with everything the stores need. Does not write them.

    `submissions` and `returned` are the steps for Submitted and Returned observations; `hits` judges hits.
    Times of every step, in seconds since the start, are in `seconds` under its name.
    """

    def __init__(
        self,
        *,
        submissions: Step,
        returned: Step,
        hits: Hits,
        webhooks: Step | None = None,
        resolved: Step | None = None,
    ) -> None:
        self.hits: Final = hits
        self.seconds: Final[dict[str, float]] = {}
        self._steps: Final[list[tuple[str, type[Observation | RawHit], Step]]] = [
            ("submissions", Submitted, submissions),
            ("worker_started", WorkerStarted, worker_started),
            ("attempt_started", AttemptStarted, attempt_started),
            ("attempts", Attempt, attempted),
            ("resends", Resend, resent),
            ("hits", RawHit, hits.frequent),
            ("choices", Hit, hits),
            ("returned", Returned, returned),
            ("webhooks", Webhook, webhooks or _unhandled),
            ("resolved", Resolved, resolved or _unhandled),
        ]

    def decode(self, records: Sequence[JournalRecord]) -> list[Item]:
        """One item per record; a record that is not an observation has its outcome already."""
        start = perf_counter()
        items = [_decoded(record) for record in records]
        self._timed("decode", start)
        return items

    def run(self, items: Sequence[Item]) -> None:
        """Run every step over the items of its kind. Each item has exactly one outcome afterwards.

        What no record is to blame for passes, and the batch is tried again.
        """
        start = perf_counter()
        self.hits.prepare(items)
        self._timed("sent times", start)
        by_kind: defaultdict[type, list[Item]] = defaultdict(list)
        for item in items:
            by_kind[item.observation.__class__].append(item)
        for name, kind, step in self._steps:
            if kind in by_kind:
                start = perf_counter()
                _guarded(step, by_kind[kind])
                self._timed(name, start)
        self.hits.forget_old()

    def _timed(self, name: str, start: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start


def _decoded(record: JournalRecord) -> Item:
    try:
        return Item(record, decode_quick(record.data))
    except (msgspec.MsgspecError, ValueError) as error:
        item = Item(record)
        item.fail(RecordOutcome.UNREADABLE, f"not an observation: {error}")
        return item


def _guarded(step: Step, items: Iterable[Item]) -> None:
    for item in items:
        try:
            step(item, item.observation)
        except NO_RECORDS_FAULT:
            raise
        except Exception as error:  # noqa: BLE001 - one bad record must not stop all that come after it
            item.fail(RecordOutcome.FAILED, f"{type(error).__name__}: {error}")
        else:
            assert item.outcome is not None, "a step forgot the outcome"


def _unhandled(item: Item, seen: Observation) -> None:
    item.fail(RecordOutcome.UNHANDLED, f"nothing here reads a {type(seen).__name__}")
